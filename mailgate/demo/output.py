"""The output of the demo: coloured text on a terminal, or JSON lines."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from mailgate.demo.mail_client import ReceivedMail, SentMail
from mailgate.demo.scenario import PEOPLE

_LINES = 7  # shown of a mail's content
_WITH_DATA = ("new-ticket", "transferred", "overdue")
_DATA = ("Department", "Help topic", "Priority", "SLA plan", "Due")

_COLOURS = {
    "acknowledgement": "green",
    "reply": "green",
    "status-changed": "green",
    "overdue": "bold red",
    "command-failed": "bold red",
    "note": "magenta",
}


@dataclass(slots=True)
class Terminal:
    """Text for people."""

    console: Console
    pace: float  # seconds of pause after each mail
    steps: int = 0
    shown: list[tuple[str, list[str]]] = field(default_factory=list)  # kind and content of the mails of this step

    def ticket(self, title: str) -> None:
        """Print a rule with the title."""
        self.console.print()
        self.console.print(Rule(Text(f" {title} ", style="bold"), align="left", style="dim"))

    def step(self, headline: str) -> None:
        """Print a numbered headline."""
        self.steps += 1
        self.shown.clear()
        self.console.print()
        self.console.print(Text(f"{self.steps:>2}  {headline}", style="bold yellow"))

    def sent(self, mail: SentMail) -> None:
        """Print a mail to the desk, its commands highlighted."""
        self.console.print()
        self.console.print(
            Text.assemble(
                "    ", (mail.author.name, "bold"), (" writes to ", "dim"), mail.to, (f"   {mail.subject}", "dim")
            )
        )
        for line in mail.text.splitlines():
            style = "bold cyan" if line.startswith("#") else ""
            self._line(Text(line, style=style))

    def received(self, mail: ReceivedMail) -> None:
        """Print a mail of the desk, shortened."""
        person = PEOPLE.get(mail.to)
        self.console.print()
        self.console.print(
            Text.assemble(
                "    ",
                (person.name if person else mail.to, "bold"),
                (" receives ", "dim"),
                (mail.kind, _COLOURS.get(mail.kind, "blue")),
                (f"   {mail.subject}", "dim"),
            )
        )
        if (mail.kind, mail.content) in self.shown:
            self._line(Text("same content", style="dim"))
            return
        self.shown.append((mail.kind, mail.content))
        for line in mail.content[:_LINES]:
            self._line(Text(line))
        if len(mail.content) > _LINES:
            self._line(Text("…", style="dim"))
        if mail.kind in _WITH_DATA:
            data = mail.data
            self._line(Text(" · ".join(data[name] for name in _DATA if name in data), style="dim"))

    def _line(self, text: Text) -> None:
        self.console.print(Padding(Text.assemble(("│ ", "dim"), text), (0, 0, 0, 6), expand=False))

    async def pause(self) -> None:
        """Sleep for `pace` seconds."""
        if self.pace:
            await asyncio.sleep(self.pace)


@dataclass(slots=True)
class JsonLines:
    """One JSON document per line, for programs."""

    def ticket(self, title: str) -> None:
        """{"ticket": …}"""
        _print({"ticket": title})

    def step(self, headline: str) -> None:
        """{"step": …}"""
        _print({"step": headline})

    def sent(self, mail: SentMail) -> None:
        """{"in": {from, to, subject, text}}"""
        _print({"in": {"from": mail.author.email, "to": mail.to, "subject": mail.subject, "text": mail.text}})

    def received(self, mail: ReceivedMail) -> None:
        """{"out": {kind, to, ticket, subject, text}}"""
        found = {"kind": mail.kind, "to": mail.to, "ticket": mail.ticket, "subject": mail.subject, "text": mail.text}
        _print({"out": found})

    async def pause(self) -> None:
        """Do nothing: programs need no time to read."""


def _print(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)
