"""A mail that was not carried out, with its wrong lines as they were meant. Pure.

Only where each of its problems has one nearest candidate: a misspelt command, or a misspelt name after one; commands
that stand below the text, as where somebody writes above what a link filled in; a ticket's number after the only one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailgate.phrase import Choice, Phrase, Sentence, Value
from mailgate.rules.text.cleanup import clean, shortened

_STRAY = "refused.stray"


def corrected(lines: Sequence[str], problems: Sequence[Sentence]) -> str:
    """The text of the mail with each wrong line corrected; "" where it cannot be told what was meant."""
    found, problems = _commands_on_top(lines, problems)
    for problem in problems:
        at, line = _correction(found, problem) or (-1, "")
        if at < 0:
            return ""
        found[at] = line
    return "\n".join(found).strip() if found != list(lines) else ""


def _commands_on_top(lines: Sequence[str], problems: Sequence[Sentence]) -> tuple[list[str], list[Sentence]]:
    """The lines with commands below the text above it, and the other problems."""
    strays = [dict(each.values)["line"] for each in problems if isinstance(each, Phrase) and each.name == _STRAY]
    moved = [line for line in lines if shortened(clean(line)) in strays]
    others = [each for each in problems if not (isinstance(each, Phrase) and each.name == _STRAY)]
    if not moved or len(moved) != len(strays):
        return list(lines), list(problems)
    rest = [line for line in lines if line not in moved]
    on_top = [] if clean(rest[0]).startswith("#") else [""]
    return [*moved, *on_top, *rest], others


def _correction(lines: Sequence[str], problem: Sentence) -> tuple[int, str] | None:
    """The place of the line that a problem is about, and the line as it was meant."""
    if not isinstance(problem, Phrase):
        return None
    values = dict(problem.values)
    if problem.name == "refused.unknown":
        wrong, near = f"#{values['word']}", _near(values.get("hint", ""))
        return _replaced(lines, wrong, wrong, near)
    if problem.name == "refused.alone_number":
        return _on_another_ticket(lines, f"#{values['word']}", str(values["number"]))
    why = values.get("why")
    if problem.name != "refused.line" or not isinstance(why, Phrase) or why.name != "refused.unknown_name":
        return None
    told = dict(why.values)
    return _replaced(lines, str(values["line"]), str(told["typed"]), _near(told["hint"]))


def _on_another_ticket(lines: Sequence[str], word: str, number: str) -> tuple[int, str] | None:
    """The only command of a mail, on the ticket whose number stands behind it."""
    commands = [at for at, line in enumerate(lines) if clean(line).startswith("#") and clean(line).lower() != "#end"]
    alone = len(commands) == 1 and clean(lines[commands[0]]).lower().startswith(f"{word} ")
    return (commands[0], f"#ticket {number}\n{word}") if alone else None


def _near(hint: Value) -> str:
    """The one candidate of a hint; "" for none or several."""
    near = dict(hint.values).get("near", "") if isinstance(hint, Phrase) and hint.name == "hint.near" else ""
    if isinstance(near, Choice):
        return str(near.among[0]) if len(near.among) == 1 else ""
    return str(near)


def _replaced(lines: Sequence[str], begins: str, wrong: str, near: str) -> tuple[int, str] | None:
    for at, line in enumerate(lines):
        cleaned = clean(line)
        if near and cleaned.lower().startswith(begins.lower()):
            return at, re.sub(re.escape(wrong), lambda _: near, cleaned, count=1, flags=re.IGNORECASE)
    return None
