"""The text that #help answers with, from the table of commands."""

from __future__ import annotations

from textwrap import wrap

from mailgate.rules.commands.verbs import TABLE

_COLUMN = 28  # where explanations begin
_WIDTH = 76  # format=flowed wraps longer lines, and not every mail program joins them again
_ABOVE = """\
Write commands on top of your mail, one a line, then an empty line, then
your text. Text in an answer to a requester's mail goes to the requester;
#note keeps it internal."""
_BELOW = """\
A reason follows two dashes: #assign Online Banking -- needs their keys
A unique start of a name is enough. If one line cannot be done, nothing of
the mail is done.
To begin a line of text with a command word, write \\#word."""


def _lines(usage: str, text: str) -> str:
    """One entry in two columns; a long usage has its line for itself, or a short text two blanks after it."""
    if len(usage) >= _COLUMN:
        return f"{usage}  {text}".rstrip()
    first, *more = wrap(text, _WIDTH - _COLUMN)
    return "\n".join((f"{usage:{_COLUMN}}{first}", *(f"{'':{_COLUMN}}{line}" for line in more)))


_END = (("#end", "nothing below this line is read"),)
_COMMANDS = "\n".join(_lines(*entry) for entry in (*(entry for verb in TABLE for entry in verb.help), *_END))
HELP = f"{_ABOVE}\n\n{_COMMANDS}\n\n{_BELOW}"
