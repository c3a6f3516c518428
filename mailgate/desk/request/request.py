"""A letter to the desk's workers: an agent's mail, or an order from the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailgate.desk.outcome import Outcome, Situation
from mailgate.notice import Notice, NoticeKind
from mailgate.reasons import Reason
from mailgate.rules.commands.syntax import Commands
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.settings import Agent, Config
from mailgate.ticket import ADMIN, Actor, Address, StoredAttachment, Ticket


@dataclass(frozen=True, slots=True)
class Letter:
    """Who writes, what, and how it came."""

    agent: Agent | None  # None: the administrator
    commands: Commands
    cause: str
    at: datetime
    situation: Situation | None = None  # None: no mail
    address: str = ""  # the desk address that the mail came to
    released: Reason | None = None  # what it was held for; its agent has taken a second look, and sends it

    @property
    def by(self) -> Actor:
        """The author of what it does."""
        return Actor.agent(self.agent.key) if self.agent else ADMIN

    @property
    def author(self) -> Address:
        """Name and address of who writes."""
        return Address(self.agent.email, self.agent.name) if self.agent else Address("", "The administrator")

    @property
    def message_id(self) -> str:
        """Message-ID of the mail, if it is one."""
        return self.situation.received.mail.message_id if self.situation else ""

    @property
    def attachments(self) -> tuple[StoredAttachment, ...]:
        """The files that came with the mail."""
        return self.situation.attachments if self.situation else ()

    def signature(self, config: Config) -> str:
        """The agent's signature as the desk writes it, which their mail program may have put below the text too."""
        return self.agent.signature.get(config.desk.language).strip() if self.agent else ""

    def direct(self, config: Config) -> frozenset[str]:
        """Who had the mail directly and is not sent it again."""
        if self.situation is None:
            return frozenset()
        mail = self.situation.received.mail
        return frozenset(each.email for each in (*mail.to, *mail.cc) if not desk_address(each.email, config))

    def refused(self, ticket: Ticket | None, *problems: str) -> Outcome:
        """Nothing is done; the agent has the mail back with everything that was wrong."""
        text = self.situation.received.body.visible if self.situation else ""
        return Outcome(
            reason=Reason.REFUSED,
            why="; ".join(problems),
            ticket=ticket.number if ticket else None,
            notices=self.answer(NoticeKind.COMMAND_FAILED, ticket, problems, text),
            commands=self.commands.commands,
            problems=problems,
        )

    def answer(
        self, kind: NoticeKind, ticket: Ticket | None, facts: tuple[str, ...] = (), text: str = ""
    ) -> tuple[Notice, ...]:
        """A mail back to the agent, in the thread of their own; none for an order from the command line."""
        if self.agent is None or self.situation is None:
            return ()
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
