"""The text that #help answers with, from the table of commands."""

from __future__ import annotations

from textwrap import wrap

from mailgate.rules.commands.verbs import TABLE

_COLUMN = 28  # where explanations begin
_WIDTH = 80
_ABOVE = """\
Write commands on top of your mail, one a line, then an empty line, then your
text.
Text in an answer to a requester's mail goes to the requester; #note keeps it
inside."""
_BELOW = """\
A reason follows two dashes: #assign Online Banking -- needs their keys
A unique start of a name is enough. One bad line and nothing of the mail is
done.
A line of text that must begin with a command word is written \\#word."""


def _lines(usage: str, text: str) -> str:
    """One entry in two columns; a long usage has its line for itself, or a short text two blanks after it."""
    if len(usage) >= _COLUMN:
        return f"{usage}  {text}".rstrip()
    first, *more = wrap(text, _WIDTH - _COLUMN)
    return "\n".join((f"{usage:{_COLUMN}}{first}", *(f"{'':{_COLUMN}}{line}" for line in more)))


_END = (("#end", "nothing below this line is read"),)
_COMMANDS = "\n".join(_lines(*entry) for entry in (*(entry for verb in TABLE for entry in verb.help), *_END))
HELP = f"{_ABOVE}\n\n{_COMMANDS}\n\n{_BELOW}"
