"""text/enriched into plain text (RFC 1896); text/richtext, its forerunner, likewise."""

from __future__ import annotations

import re

TOKEN = re.compile(r"<<|<(/?)([A-Za-z0-9-]{1,60})>|\n+|[^<\n]+|<")


def to_text(text: str) -> str:
    """The words without formatting commands; a single line break is a blank, and of several one is dropped."""
    out: list[str] = []
    hidden = verbatim = 0  # <param> holds no words; within <nofill> lines are lines
    for found in TOKEN.finditer(text):
        token, name = found[0], (found[2] or "").lower()
        step = -1 if found[1] else 1
        if name == "param":
            hidden = max(hidden + step, 0)
        elif name == "nofill":
            verbatim = max(verbatim + step, 0)
        elif name == "nl":
            out.append("\n")
        elif not name and not hidden:
            out.append(_words(token, verbatim=bool(verbatim)))
    return "".join(out)


def _words(token: str, *, verbatim: bool) -> str:
    if token == "<<":
        return "<"
    if token.startswith("\n") and not verbatim:
        return " " if token == "\n" else token[1:]
    return token
