"""The page that is written while the day is played: who did what, and each mail as it was read."""

from __future__ import annotations

import re
import textwrap
from email.message import EmailMessage

from tests.acceptance.people import Got

CUT = "[…]"
_LINK = re.compile(r"^(\s*(?:\[\d+\] )?\w[\w #\[\]-]*: mailto:[\w.]+)\S*$", re.MULTILINE)
_LONG_ID = re.compile(r"\+k[a-z0-9.-]{20,}@")


class Page:
    """Markdown, line by line."""

    def __init__(self, title: str) -> None:
        self._lines = [f"# {title}", ""]

    def __str__(self) -> str:
        return "\n".join(self._lines)

    def scene(self, when: str, title: str) -> None:
        """The next thing of the day."""
        self._lines += [f"## {when}  {title}", ""]

    def tells(self, text: str) -> None:
        """A paragraph."""
        self._lines += [*textwrap.wrap(" ".join(text.split()), 120, break_on_hyphens=False), ""]

    def block(self, text: str) -> None:
        """Words as they were read or typed."""
        self._lines += ["```text", *(line.rstrip() for line in text.strip("\n").splitlines()), "```", ""]


def as_read(mail: Got, *, until: str = "") -> str:
    """A mail in a program that shows its text; `until`: from this line on it is left out."""
    head = [f"{name}: {mail.header(name)}" for name in ("From", "To", "Cc", "Subject") if mail.header(name)]
    return shortened("\n".join([*head, "", mail.text]), until=until)


def as_written(mail: EmailMessage) -> str:
    """A mail that a person sends: its text, what is quoted cut short."""
    text = mail.get_body(("plain",))
    assert text is not None
    return shortened(f"To: {mail['To']}\nSubject: {mail['Subject']}\n\n{text.get_content()}")


def shortened(text: str, *, until: str = "", quotes: bool = True) -> str:
    """The text without what tells a reader nothing: signed addresses, what follows `until`, long `quotes`."""
    if until and until in text:
        text = f"{text[: text.index(until)].rstrip()}\n\n{CUT}"
    text = _LONG_ID.sub(f"+k{CUT}@", text)
    text = _LINK.sub(rf"\1{CUT}", text)
    return _quotes_cut(text) if quotes else text


def _quotes_cut(text: str) -> str:
    lines: list[str] = []
    quoted = 0
    for line in text.splitlines():
        quoted = quoted + 1 if line.startswith(">") else 0
        if quoted <= 2:
            lines.append(line)
        elif quoted == 3:
            lines.append(f"> {CUT}")
    return "\n".join(lines)
