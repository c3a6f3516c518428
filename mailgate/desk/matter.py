"""The matter of a mail: what is done with it, by its kind and sender."""

from __future__ import annotations

from mailgate.desk.notify.admin import to_note_address
from mailgate.desk.opening.forwarded import forwards_others_mail
from mailgate.desk.requester.commands import commands_of
from mailgate.desk.situation import Matter, Situation
from mailgate.reasons import Screen
from mailgate.rules.commands.syntax import read_commands
from mailgate.rules.people.desk_addresses import only_postmaster
from mailgate.rules.ticket.rating import Rating
from mailgate.settings import Config
from mailgate.ticket import Ticket


def matter_of(situation: Situation, rating: Rating | None, config: Config) -> Matter:
    """The matter of a mail, bans aside."""
    match situation.screened.kind:
        case Screen.LOOP:
            return Matter.LOOP
        case Screen.BOUNCE:
            return Matter.REPORT
        case Screen.AUTO_REPLY:
            return Matter.AUTO_REPLY
    if only_postmaster(situation.received.envelope, config):
        return Matter.POSTMASTER
    if rating:
        return Matter.RATING
    if not situation.sender.agent and "confirm" in situation.commands.verbs:
        return Matter.CONFIRMATION  # a reader of the list of held spam
    if situation.sender.agent and situation.human:
        return Matter.LOST if situation.answers_lost else agents_matter(situation, config)
    if situation.match.role == "agent":
        return Matter.MACHINE
    if situation.ticket and situation.match.role:
        return Matter.ANSWER if situation.match.role == "asked" else Matter.MESSAGE
    return Matter.OPENING


def agents_matter(situation: Situation, config: Config) -> Matter:
    """The matter of an agent's mail. Agents are customers too: only work on or for a ticket is a request."""
    if "confirm" in situation.commands.verbs:
        return Matter.CONFIRMATION
    if situation.received.mail.unreadable and situation.sender.proven:
        return Matter.UNREADABLE
    commands = has_commands(situation, config)
    if situation.ticket and situation.match.participant and not commands:
        return Matter.MESSAGE
    if situation.sender.proven:
        return Matter.REQUEST
    names_ticket = situation.ticket is not None or bool(situation.match.strangers_to)
    return Matter.UNPROVEN if commands or names_ticket or forwards_others_mail(situation, config) else Matter.OPENING


def has_commands(situation: Situation, config: Config) -> bool:
    """Whether an agent's mail holds agents' commands or went to a note address: then it is no customer's."""
    commands = situation.commands
    found = bool(commands.commands or commands.problems) and not _requesters_commands(situation)
    return found or to_note_address(situation, config)


def _requesters_commands(situation: Situation) -> bool:
    """Whether the mail holds commands of the ticket's requester and none of an agent."""
    requested = commands_of(situation)
    below = read_commands(requested.text.split("\n"))
    return bool(requested.words) and not (below.commands or below.problems)


def number_of(situation: Situation) -> int:
    """The ticket that a request is about: by `#ticket N`, else by what it answers; 0 for none."""
    named = next((command.value for command in situation.commands.commands if command.verb == "ticket"), "")
    match = situation.match
    return int(named) if named else (match.came_for or match.number or 0) if match.role == "agent" else 0


def opens_as_customer(situation: Situation, ticket: Ticket | None, config: Config) -> bool:
    """Whether an agent's mail opens a ticket of their own, like any customer's.

    What answers a mail to agents is work, though that mail was about no ticket: a digest, a mail that was returned.
    """
    if ticket is not None or has_commands(situation, config) or forwards_others_mail(situation, config):
        return False
    key = situation.match.key
    return key is None or key.ticket != 0 or key.kind.to_requester


def opens_by_hand(situation: Situation, ticket: Ticket | None, config: Config) -> bool:
    """Whether a request opens a ticket for somebody: by `#new`, or a forwarded mail that has no ticket yet."""
    verbs = situation.commands.verbs
    return "new" in verbs or (ticket is None and "ticket" not in verbs and forwards_others_mail(situation, config))
