"""What an agent's mail posts: its words, its page and its files, and whether the requester reads them.

Whether they may is asked of `guard.py` and `collision.py`; the rule of public or internal is
`rules/replies/visibility.py`, and gets here what it wants to know of the mail.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mailgate.desk.notify.admin import to_note_address
from mailgate.desk.request.request import Letter
from mailgate.notice import NoticeKind
from mailgate.reading.page.excerpt import excerpt
from mailgate.rules.commands.orders import ResolvedCommands
from mailgate.rules.commands.syntax import escaped
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.replies.visibility import Visibility, decide
from mailgate.rules.text.signature import only_signature
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.tickets import tickets
from mailgate.ticket import Assignee, Entry, EntryKind, StoredAttachment, Ticket
from mailgate.writing.templates.canned import fill_canned

LINKED = 1500  # characters of text that a mailto: link carries
LONGEST_SIGNATURE = 8  # lines


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentText:
    """The words and files of a mail, and where they go."""

    own: str  # the agent's own words
    text: str  # what is posted: with #canned the response, and the agent's own words below it
    html: str  # sanitised, and says what `text` says; "" where there is none
    attachments: tuple[StoredAttachment, ...]
    seen: Visibility

    @property
    def writes(self) -> bool:
        """False for a mail of commands alone."""
        return bool(self.text or self.attachments)

    @property
    def replies(self) -> bool:
        """Whether something goes to the requester."""
        return self.writes and self.seen.public

    def entry(self, letter: Letter) -> Entry:
        """The post as it stands in the thread."""
        received = letter.situation.received if letter.situation else None
        return Entry(
            kind=EntryKind.REPLY if self.seen.public else EntryKind.NOTE,
            by=letter.by,
            author=letter.author,
            at=letter.at,
            text=self.text,
            html=self.html,
            cut=received.body.cut if received else "",
            message_id=letter.message_id,
            attachments=self.attachments,
            inbox_id=(received.id or None) if received else None,
        )


def agent_text_of(
    db: Db, letter: Letter, resolved: ResolvedCommands, named: int, ticket: Ticket, config: Config
) -> AgentText:
    """What the mail posts on the ticket. Raises Refused where a canned response cannot be filled in.

    `named` is the ticket whose alert it answers, where that was merged into this one.
    """
    own = own_text(db, letter, ticket, config)
    canned = resolved.of("canned")
    text = with_canned(str(canned.value), own, ticket, letter, config) if canned else own
    return AgentText(
        own=own,
        text=text,
        html=excerpt(letter.situation.received.mail.html, text) if letter.situation and not canned else "",
        attachments=letter.attachments,
        seen=_visibility(letter, resolved, named, ticket, config),
    )


def own_text(db: Db, letter: Letter, ticket: Ticket | None, config: Config) -> str:
    """The agent's own text without commands; a signature below commands is no text."""
    rest, signature = letter.commands.rest, letter.signature(config)
    text = "\n".join(rest).strip()
    if letter.commands.commands and text:
        known = [signature] if signature else []
        known += _seen_below(db, letter, ticket, text) if ticket else []
        if only_signature(rest, known):
            return ""
    return text.removesuffix(signature).rstrip() if signature else text


def _seen_below(db: Db, letter: Letter, ticket: Ticket, text: str) -> list[str]:
    """`text` where it stood at the end of an earlier mail of this agent: then it is their signature."""
    if len(text.splitlines()) > LONGEST_SIGNATURE:
        return []
    earlier = (entry.text.rstrip() for entry in tickets.thread(db, ticket.number) if entry.by == letter.by)
    return [text] if any(each.endswith("\n" + text) for each in earlier) else []


def with_canned(name: str, own: str, ticket: Ticket, letter: Letter, config: Config) -> str:
    """The canned response, and the agent's own text below it. Raises Refused where it cannot be filled in."""
    key = letter.agent.key if letter.agent else ""
    return f"{fill_canned(name, ticket, key, config)}\n\n{own}".strip()


def _visibility(letter: Letter, resolved: ResolvedCommands, named: int, ticket: Ticket, config: Config) -> Visibility:
    verbs = frozenset(order.verb for order in resolved.orders)
    assigns = resolved.of("assign")
    own = Assignee.agent(letter.agent.key) if letter.agent else None
    away = assigns is not None and assigns.value is not None and assigns.value != own
    if letter.situation is None:  # an order from the command line says what it wants; without a word it answers
        return decide(answers=NoticeKind.NEW_MESSAGE, verbs=verbs, transfers="transfer" in verbs, assigns_away=away)
    mail, key = letter.situation.received.mail, letter.situation.match.key
    to = {address.email for address in mail.to}
    answers = key.kind if key and key.ticket in (ticket.number, named) else None  # or #ticket names another
    found = decide(
        answers=answers,
        verbs=verbs,
        transfers="transfer" in verbs,
        assigns_away=away,
        forwards_alert=letter.situation.received.body.forwarded or letter.situation.enclosed is not None,
        desk_only_copied=not any(desk_address(email, config) for email in to),
        requester_in_to=not to.isdisjoint(config.addresses_of(ticket.requester.email)),
        to_note_address=to_note_address(letter.situation, config),
    )
    # Who was asked answers who asked: that it stays a note is no news.
    asked = answers is NoticeKind.NOTE and any(each.email == letter.author.email for each in ticket.asked)
    return replace(found, by_rule=False) if asked and not resolved.has("reply") else found


def to_send_it(text: str) -> tuple[tuple[str, str], ...]:
    """The one-tap link by which words that stayed a note are sent; a longer text would be cut, so it has none."""
    return (("Send it to the requester", f"#reply\n\n{escaped(text)}"),) if 0 < len(text) <= LINKED else ()
