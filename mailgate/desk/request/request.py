"""Requests: an agent's mail, or an order of `tickets do` on the command line."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from mailgate.desk.notify.admin import came_to, to_note_address
from mailgate.desk.outcome import Context, Outcome, Signing
from mailgate.desk.situation import Known, Matter, Situation
from mailgate.mail import Attachment
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase, Sentence
from mailgate.reasons import Reason
from mailgate.rules.commands.correction import corrected
from mailgate.rules.commands.syntax import Commands, read_commands
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.replies import attachments
from mailgate.rules.replies.visibility import Addressing, visibility
from mailgate.rules.text.signature import NOBODY, Signer, ending, learned, only_signature, signature_of
from mailgate.rules.threading.keys import Key
from mailgate.rules.threading.references import ref_line, without_link_lines
from mailgate.settings import Agent, Config
from mailgate.ticket import ADMIN, Actor, Address, StoredAttachment, Ticket

LINKED = 1700  # characters of a mail in a link: some programs cut it at 2,000


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(ABC):
    """Commands and text of an agent or of the administrator."""

    agent: Agent | None  # None: the administrator
    commands: Commands
    cause: str  # identifies the request; the same when the mail is worked again
    at: datetime
    known: Known
    # Of the mail; empty for an order from the command line.
    reason: Reason | None = None  # how its ticket was found
    message_id: str = ""
    answered: Key | None = None  # the newest key of a notice that it answers
    answered_ids: Sequence[str] = ()  # In-Reply-To
    recipients: Sequence[Address] = ()  # To and Cc
    attachments: tuple[StoredAttachment, ...] = ()
    files: Sequence[Attachment] = ()  # the attachments with their bytes
    kept_back: Sequence[Attachment] = ()  # attached files that would tell requesters who the agent is
    own_pictures: Sequence[tuple[str, str]] = ()  # (Content-ID, text of its line) of those that the author embedded
    text: str = ""  # the visible text, commands included
    html: str = ""  # the whole page
    cut: str = ""  # quoted history and signature that were cut from the text
    signature: str = ""  # what of it the mail program marks as the signature
    inbox_id: int | None = None

    @property
    def by(self) -> Actor:
        """The author of what it does."""
        return Actor.agent(self.agent.key) if self.agent else ADMIN

    @property
    def author(self) -> Address:
        """Name and address of the author."""
        return Address(self.agent.email, self.agent.name) if self.agent else Address("", "The administrator")

    @property
    def agent_key(self) -> str:
        """Key of the agent, "" for the administrator."""
        return self.agent.key if self.agent else ""

    @property
    def signer(self) -> Signer:
        """How the author signs."""
        return signer_of(self.agent, self.known) if self.agent else NOBODY

    @property
    def signed_only(self) -> bool:
        """Whether nothing but a signature stands below the commands."""
        return only_signature(self.commands.rest, self.signer, thanks=bool(self.commands.commands))

    @property
    def unread(self) -> str:
        """The author's words below `#end`, in one line; "" where a signature alone stands there."""
        below = tuple(line for line in self.commands.unread if not ref_line(line))  # a link puts it there
        return "" if only_signature(below, self.signer) else " ".join(" ".join(below).split())

    @property
    def own_text(self) -> str:
        """The author's own text, without commands, a signature alone, and the configured signature at its end."""
        if self.signed_only:
            return ""
        text = "\n".join(self.commands.rest).strip()
        configured = tuple(self.agent.signature.by_language.values()) if self.agent else ()
        signature = signature_of(text, Signer(signatures=configured)) if configured else ""
        return text.removesuffix(signature).rstrip() if signature else text

    @property
    def own_files(self) -> tuple[StoredAttachment, ...]:
        """The attachments, but for pictures in a mail that holds nothing but a signature."""
        pictures = self.signed_only and any(map(str.strip, (*self.commands.rest, self.signature)))
        return tuple(each for each in self.attachments if not (pictures and each.cid))

    @property
    def signature_pictures(self) -> frozenset[str]:
        """Content-IDs of the pictures in the author's signature, such as a logo."""
        signed = set(signature_of("\n".join(self.commands.rest), self.signer).split("\n")) - {""}
        return frozenset(cid for cid, line in self.own_pictures if line.strip() in signed)

    def direct(self, config: Config) -> frozenset[str]:
        """Addresses that received the mail directly, and get no copy."""
        return frozenset(each.email for each in self.recipients if not desk_address(each.email, config))

    def refused(self, ticket: Ticket | None, *problems: Sentence) -> Outcome:
        """The outcome of a request with problems: nothing is done, and an agent's mail is returned."""
        return Outcome(
            reason=Reason.REFUSED,
            ticket=ticket.number if ticket else None,
            notices=self.returned(ticket, problems),
            commands=self.commands.commands,
            problems=problems,
        )

    def returned(self, ticket: Ticket | None, problems: tuple[Sentence, ...]) -> tuple[Notice, ...]:
        """The notice that nothing was done."""
        return self.answer(NoticeKind.COMMAND_FAILED, ticket, problems, self.text)

    @abstractmethod
    def addressing(self, ticket: Ticket, named: int, config: Config) -> Addressing:
        """Where the text was sent. `named`: the ticket whose alert it answers, if merged into `ticket`."""

    @abstractmethod
    def answer(
        self, kind: NoticeKind, ticket: Ticket | None, facts: tuple[Sentence, ...] = (), text: str = ""
    ) -> tuple[Notice, ...]:
        """A notice to the agent in the thread of their mail; empty for an order from the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMail(Request):
    """An agent's authenticated mail."""

    agent: Agent
    situation: Situation
    config: Config
    address: str  # the desk address that the mail came to
    released: Reason | None = None  # why it was held, if it was confirmed since

    def addressing(self, ticket: Ticket, named: int, config: Config) -> Addressing:
        """Where the mail was sent, and what it answers."""
        key, to = self.answered, {address.email for address in self.situation.received.mail.to}
        own_keys = self.situation.sender.own_keys
        number = key.about or key.ticket if key else 0
        answers = key if number in (ticket.number, named) else None  # or #ticket names another
        newest = next((ref.key for ref in self.situation.refs if ref.key and ref.key.text in own_keys), None)
        if answers and newest and not (newest.about or newest.ticket):  # it answers a mail about none, in this thread
            answers = newest
        asked = answers is not None and answers.kind is NoticeKind.NOTE
        return Addressing(
            answers_public=answers.public if answers else None,
            link=answers.says if answers else "",
            forwards_alert=self.situation.received.body.forwarded or self.situation.enclosed is not None,
            desk_only_copied=not any(desk_address(email, config) for email in to),
            requester_in_to=not to.isdisjoint(config.addresses_of(ticket.requester.email)),
            to_note_address=to_note_address(self.situation, config),
            was_asked=asked and any(each.email == self.author.email for each in ticket.asked),
        )

    def returned(self, ticket: Ticket | None, problems: tuple[Sentence, ...]) -> tuple[Notice, ...]:
        """The notice that nothing was done: with the mail corrected where that can be told, to the same destination."""
        text = corrected(without_link_lines(self.situation.received.body.lines), problems)
        short = 0 < len(quote(text)) <= LINKED
        links: tuple[tuple[Sentence, str], ...] = ((Phrase("link.send_corrected"), text),) if short else ()
        commands = read_commands(text.split("\n")) if text else self.commands
        public = ticket is not None and self._goes_out(ticket, commands)
        notices = self.answer(NoticeKind.COMMAND_FAILED, ticket, problems, self.text)
        return tuple(replace(each, links=links, public=public) for each in notices)

    def _goes_out(self, ticket: Ticket, commands: Commands) -> bool:
        """Whether the text of the mail would go to the requester."""
        assigns = any(each.verb == "assign" and each.value not in ("me", "nobody") for each in commands.commands)
        sent, verbs = self.addressing(ticket, 0, self.config), commands.verbs
        return visibility(sent, verbs, transfers="transfer" in verbs, assigns_away=assigns).public

    def answer(
        self, kind: NoticeKind, ticket: Ticket | None, facts: tuple[Sentence, ...] = (), text: str = ""
    ) -> tuple[Notice, ...]:
        """A notice to the agent in the thread of their mail."""
        mail = self.situation.received.mail
        notice = Notice(
            kind=kind,
            to=self.author,
            agent=self.agent.key,
            cause=self.cause,
            ticket=ticket,
            facts=facts,
            text=text,
            in_reply_to=self.message_id,
            references=mail.references[-3:],
            subject=mail.subject,
            address=self.address,
        )
        return (notice,)


@dataclass(frozen=True, slots=True, kw_only=True)
class CliOrder(Request):
    """An order from the command line; its outcome is printed, not mailed."""

    def addressing(self, *_: object, **__: object) -> Addressing:
        """Its text is a public reply, unless a command says otherwise."""
        return Addressing(answers_public=True)

    def answer(self, *_: object, **__: object) -> tuple[Notice, ...]:
        """No notice."""
        return ()


def signer_of(agent: Agent, known: Known) -> Signer:
    """How an agent signs: their name, and the signatures that are configured or were learned."""
    configured = agent.signature.by_language.values()
    return Signer(agent.name, (*configured, *known.signatures.get(agent.key, ())), known.endings)


def signing_of(situation: Situation, config: Config) -> Signing | None:
    """What an agent's authenticated mail tells of how they sign; None for any other mail."""
    agent = config.agents.get(situation.sender.agent)
    if agent is None or situation.matter is not Matter.REQUEST:
        return None
    text, marked = "\n".join(situation.commands.rest), situation.received.body.signature
    shown = (marked, learned(text, signer_of(agent, situation.known)))
    return Signing(agent.key, ending(text), tuple(filter(None, shown)))


def _own(situation: Situation) -> list[tuple[StoredAttachment, Attachment]]:
    """The files that the agent attached: no picture that only the quoted mail shows."""
    mail, quoted = situation.received.mail, situation.received.body.quoted_pictures
    files = zip(situation.attachments, mail.attachments, strict=True)
    return [(stored, file) for stored, file in files if not (file.cid and file.cid in quoted)]


def _is_masked(situation: Situation, config: Config) -> bool:
    """Whether requesters do not see the names of agents who write from the desk's address."""
    address = config.addresses.get(came_to(situation, config))
    return address is not None and "{agent}" not in address.from_


def agent_mail(situation: Situation, context: Context) -> AgentMail:
    """The request that an agent's mail makes."""
    received, mail = situation.received, situation.received.mail
    masked = _is_masked(situation, context.config)
    tells = attachments.names_its_author if masked else attachments.is_signature
    files = _own(situation)
    own = [(stored, file) for stored, file in files if not tells(file)]
    return AgentMail(
        agent=context.config.agents[situation.sender.agent],
        commands=situation.commands,
        cause=received.source_key,
        at=received.arrived_at,
        known=situation.known,
        reason=situation.match.why,
        message_id=mail.message_id,
        answered=situation.match.key,
        answered_ids=mail.in_reply_to,
        recipients=(*mail.to, *mail.cc),
        attachments=tuple(stored for stored, _ in own),
        files=tuple(file for _, file in own),
        kept_back=tuple(file for _, file in files if masked and tells(file)),
        own_pictures=received.body.own_pictures,
        text="\n".join(without_link_lines(received.body.visible.split("\n"))).strip("\n"),
        html=mail.html,
        cut=received.body.cut,
        signature=received.body.signature,
        inbox_id=received.id or None,
        situation=situation,
        config=context.config,
        address=came_to(situation, context.config),
    )
