"""What an agent's mail posts: text, HTML and files, and whether it is a reply or a note.

The rule of reply or note is `rules/replies/visibility.py`; whether it may be sent is checked in `desk/hold`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mailgate.desk.outcome import Context
from mailgate.desk.request.failed_reply import reply_to_resend
from mailgate.desk.request.published_note import note_to_send, send_code
from mailgate.desk.request.request import Request
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Sentence, phrase
from mailgate.reading.page.excerpt import excerpt
from mailgate.rules.commands.orders import ResolvedCommands
from mailgate.rules.people.permissions import may
from mailgate.rules.replies.visibility import Visibility, visibility
from mailgate.rules.text.signature import unsigned
from mailgate.settings import Config
from mailgate.ticket import Assignee, Entry, EntryKind, StoredAttachment, Ticket
from mailgate.writing.mail import identity
from mailgate.writing.templates.canned import fill_canned


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentText:
    """The text and files of a mail, and their visibility."""

    own: str  # the agent's own text
    text: str  # what is posted: with #canned the response and the own text below it
    html: str  # sanitised, with the content of `text`; "" for none
    attachments: tuple[StoredAttachment, ...]
    signature: str  # what the mail program marked as one; it stands below a reply of whoever has none configured
    seen: Visibility
    published: Entry | None = None  # the stored note that is sent, as the reply that it becomes; or a reply once more
    sent_again: bool = False  # `published` is a reply that did not arrive, and goes to the new requester
    sent_before: bool = False  # the note was sent already: nothing is posted

    @property
    def writes(self) -> bool:
        """Whether something is posted: not by commands alone."""
        return bool(self.text or self.attachments)

    @property
    def replies(self) -> bool:
        """Whether something goes to the requester."""
        return self.writes and self.seen.public

    def entry(self, request: Request) -> Entry:
        """The entry of the thread."""
        return Entry(
            kind=EntryKind.REPLY if self.seen.public else EntryKind.NOTE,
            by=request.by,
            author=request.author,
            at=request.at,
            text=self.text,
            html=self.html,
            cut=request.cut,
            message_id=request.message_id,
            attachments=self.attachments,
            inbox_id=request.inbox_id,
        )


def published(note: Entry) -> AgentText:
    """A note that is sent as it stands; nothing if it was sent already."""
    seen = Visibility(public=True, by_rule=False, why="sent")
    if note.kind is EntryKind.REPLY:
        return AgentText(own="", text="", html="", attachments=(), signature="", seen=seen, sent_before=True)
    return AgentText(
        own=note.text,
        text=note.text,
        html=note.html,
        attachments=note.attachments,
        signature="",
        seen=seen,
        published=replace(note, kind=EntryKind.REPLY),
    )


def again(reply: Entry) -> AgentText:
    """A reply that goes to the new requester as it stands."""
    return replace(published(replace(reply, kind=EntryKind.NOTE)), sent_again=True)


def agent_text_of(
    request: Request, own: str, resolved: ResolvedCommands, named: int, ticket: Ticket, context: Context
) -> AgentText:
    """What the mail posts on the ticket. Raises Refused if `#send` or `#canned` cannot be done.

    `own`: the agent's own text. `named`: the ticket whose alert it answers, if merged into this one.
    """
    if note := note_to_send(request, resolved, ticket, context):
        return published(note)
    if failed := reply_to_resend(request, resolved, ticket, context.config):
        return again(failed)
    seen = _visibility(request, resolved, named, ticket, context.config)
    if seen.public and _is_masked(request, ticket, context.config):
        own = unsigned(own, request.signer)
    canned = resolved.of("canned")
    text = with_canned(str(canned.value), own, ticket, request, context) if canned else own
    return AgentText(
        own=own,
        text=text,
        html="" if canned else excerpt(request.html, text),
        attachments=request.own_files,
        signature=request.signature,
        seen=seen,
    )


def _is_masked(request: Request, ticket: Ticket, config: Config) -> bool:
    """Whether the requester is not told which agent writes."""
    notice = Notice(kind=NoticeKind.REPLY, to=ticket.requester, cause="", ticket=ticket, by_agent=request.agent_key)
    return request.agent is not None and not identity.agent_name(notice, config)


def with_canned(name: str, own: str, ticket: Ticket, request: Request, context: Context) -> str:
    """The canned response with the agent's own text below. Raises Refused if it cannot be filled in."""
    text = fill_canned(name, ticket, request.agent_key, context.config, context.catalogue)
    return f"{text}\n\n{own}".strip()


def _visibility(request: Request, resolved: ResolvedCommands, named: int, ticket: Ticket, config: Config) -> Visibility:
    verbs = frozenset(order.verb for order in resolved.orders)
    assigns = resolved.of("assign")
    own = Assignee.agent(request.agent.key) if request.agent else None
    away = assigns is not None and assigns.value is not None and assigns.value != own
    sent = request.addressing(ticket, named, config)
    may_reply = request.agent is None or may(request.agent, "reply", ticket.department, config)
    return visibility(sent, verbs, transfers="transfer" in verbs, assigns_away=away, may_reply=may_reply)


def to_send_it(entry: Entry, ticket: Ticket, context: Context) -> tuple[tuple[Sentence, str], ...]:
    """The link that sends a text which became a note."""
    if entry.inbox_id is None:  # an order of the command line, or a dry run
        return ()
    name = ticket.requester.name or ticket.requester.email
    return ((phrase("link.send", name=name), f"#send {send_code(entry, context.keyring)}\n"),)
