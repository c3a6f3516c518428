"""The play as the reader sees it: in colours on a terminal, or as JSON lines. It decides nothing."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from mailgate.demo.people import Got, Letter
from mailgate.demo.script import PEOPLE

_LINES = 7  # of a mail's text that are shown
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
    """For people."""

    console: Console
    pace: float  # seconds that a mail stands alone
    steps: int = 0
    shown: list[tuple[str, list[str]]] = field(default_factory=list)  # in this step

    def act(self, title: str) -> None:
        """A line across the screen."""
        self.console.print()
        self.console.print(Rule(Text(f" {title} ", style="bold"), align="left", style="dim"))

    def step(self, headline: str) -> None:
        """A numbered headline."""
        self.steps += 1
        self.shown.clear()
        self.console.print()
        self.console.print(Text(f"{self.steps:>2}  {headline}", style="bold yellow"))

    def sent(self, letter: Letter) -> None:
        """A mail to the desk, the commands in it in a colour of their own."""
        self.console.print()
        self.console.print(
            Text.assemble(
                "    ", (letter.by.name, "bold"), (" writes to ", "dim"), letter.to, (f"   {letter.subject}", "dim")
            )
        )
        for line in letter.text.splitlines():
            style = "bold cyan" if line.startswith("#") else ""
            self._line(Text(line, style=style))

    def got(self, mail: Got) -> None:
        """A mail of the desk, its first lines."""
        person = PEOPLE.get(mail.to)
        self.console.print()
        self.console.print(
            Text.assemble(
                "    ",
                (person.name if person else mail.to, "bold"),
                (" gets ", "dim"),
                (mail.kind, _COLOURS.get(mail.kind, "blue")),
                (f"   {mail.subject}", "dim"),
            )
        )
        if (mail.kind, mail.words) in self.shown:
            self._line(Text("the same", style="dim"))
            return
        self.shown.append((mail.kind, mail.words))
        for line in mail.words[:_LINES]:
            self._line(Text(line))
        if len(mail.words) > _LINES:
            self._line(Text("…", style="dim"))
        if mail.kind in _WITH_DATA:
            data = mail.data
            self._line(Text(" · ".join(data[name] for name in _DATA if name in data), style="dim"))

    def _line(self, text: Text) -> None:
        self.console.print(Padding(Text.assemble(("│ ", "dim"), text), (0, 0, 0, 6), expand=False))

    async def breathe(self) -> None:
        """The reader's pace."""
        if self.pace:
            await asyncio.sleep(self.pace)


@dataclass(slots=True)
class Lines:
    """For programs: a JSON document a line."""

    def act(self, title: str) -> None:
        """{"ticket": …}"""
        _print({"ticket": title})

    def step(self, headline: str) -> None:
        """{"step": …}"""
        _print({"step": headline})

    def sent(self, letter: Letter) -> None:
        """{"in": {from, to, subject, text}}"""
        _print({"in": {"from": letter.by.email, "to": letter.to, "subject": letter.subject, "text": letter.text}})

    def got(self, mail: Got) -> None:
        """{"out": {kind, to, ticket, subject, text}}"""
        found = {"kind": mail.kind, "to": mail.to, "ticket": mail.ticket, "subject": mail.subject, "text": mail.text}
        _print({"out": found})

    async def breathe(self) -> None:
        """Programs read fast."""


def _print(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)
