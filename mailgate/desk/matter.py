"""What a mail is to the desk, by what it is and who sent it (the public interface, section 7).

`desk/gather` reads by it and `decide.py` decides by it.
"""

from __future__ import annotations

from mailgate.desk.notify.admin import is_for_postmaster, to_note_address
from mailgate.desk.opening.forwarded import for_somebody
from mailgate.desk.requester.words import commands_of
from mailgate.desk.situation import Matter, Situation
from mailgate.reasons import Screen
from mailgate.rules.commands.syntax import read_commands
from mailgate.rules.ticket.rating import Rating
from mailgate.settings import Config
from mailgate.ticket import Ticket


def matter_of(situation: Situation, rating: Rating | None, config: Config) -> Matter:
    """What the mail is; of a sender who is banned, what it would be."""
    match situation.screened.kind:
        case Screen.LOOP:
            return Matter.LOOP
        case Screen.BOUNCE:
            return Matter.REPORT
        case Screen.AUTO_REPLY:
            return Matter.AUTO_REPLY
    if is_for_postmaster(situation, config):
        return Matter.POSTMASTER
    if rating:
        return Matter.RATING
    if situation.sender.agent and situation.human:
        return Matter.LOST if situation.answers_lost else agents_matter(situation, config)
    if situation.match.role == "agent":
        return Matter.MACHINE
    if situation.ticket and situation.match.role:
        return Matter.ANSWER if situation.match.role == "asked" else Matter.MESSAGE
    return Matter.OPENING


def agents_matter(situation: Situation, config: Config) -> Matter:
    """What an agent's mail is. Agents are customers too: only proven work on or for a ticket is a request."""
    if "confirm" in situation.commands.verbs:
        return Matter.CONFIRMATION
    if situation.received.mail.unreadable and situation.sender.proven:
        return Matter.UNREADABLE
    asks = asks_the_desk(situation, config)
    if situation.ticket and situation.match.participant and not asks:
        return Matter.MESSAGE
    if situation.sender.proven:
        return Matter.REQUEST
    names_ticket = situation.ticket is not None or bool(situation.match.strangers_to)
    return Matter.UNPROVEN if asks or names_ticket or for_somebody(situation, config) else Matter.OPENING


def asks_the_desk(situation: Situation, config: Config) -> bool:
    """Whether an agent's mail holds commands or went to a note address: then it is no customer's."""
    commands = situation.commands
    orders = bool(commands.commands or commands.problems) and not _a_customers_words(situation)
    return orders or to_note_address(situation, config)


def _a_customers_words(situation: Situation) -> bool:
    """Whether the mail holds commands that are its ticket's requester's, and none that is an agent's."""
    asked = commands_of(situation)
    below = read_commands(asked.text.split("\n"))
    return bool(asked.words) and not (below.commands or below.problems)


def number_of(situation: Situation) -> int:
    """The ticket that a request is about: by `#ticket N`, else by what it answers; 0 for none."""
    named = next((command.value for command in situation.commands.commands if command.verb == "ticket"), "")
    match = situation.match
    return int(named) if named else (match.came_for or match.number or 0) if match.role == "agent" else 0


def opens_as_customer(situation: Situation, ticket: Ticket | None, config: Config) -> bool:
    """Whether an agent's mail opens a ticket of their own, like any customer's."""
    return ticket is None and not (asks_the_desk(situation, config) or for_somebody(situation, config))


def opens_by_hand(situation: Situation, ticket: Ticket | None, config: Config) -> bool:
    """Whether a request opens a ticket for somebody: by `#new`, or a forwarded mail that has no ticket yet."""
    verbs = situation.commands.verbs
    return "new" in verbs or (ticket is None and "ticket" not in verbs and for_somebody(situation, config))
