"""A letter to the desk's workers: an agent's mail, or an order from the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailgate.config.model import Agent
from mailgate.desk.outcome import Situation
from mailgate.model import Address, Notice, NoticeKind, Ticket
from mailgate.reasons import Reason
from mailgate.rules.commands import Commands


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
    def by(self) -> str:
        """As in Event.by."""
        return f"agent:{self.agent.key}" if self.agent else "admin"

    @property
    def author(self) -> Address:
        """Name and address of who writes."""
        return Address(self.agent.email, self.agent.name) if self.agent else Address("", "The administrator")

    @property
    def message_id(self) -> str:
        """Message-ID of the mail, if it is one."""
        return self.situation.received.mail.message_id if self.situation else ""

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
