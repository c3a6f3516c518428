"""The grammar of commands: an agent's own lines → commands, the text below them, and problems.

Values are read later, by `resolve.py`: here a name need not exist, and a time need not be one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import dropwhile, islice
from types import MappingProxyType
from typing import Any

from mailgate.phrase import Choice, Phrase, phrase
from mailgate.rules.commands.scope import Command
from mailgate.rules.commands.verb import About, Takes, Verb
from mailgate.rules.commands.verbs import TABLE, VERBS
from mailgate.rules.text.cleanup import MARKS, clean, shortened, unmarked, visible
from mailgate.rules.text.names import unquoted_whole

MOST = 50  # commands in one mail; looking for what misspelt ones mean takes time
WRAP_COLUMN = 60  # mail programs wrap text at 65 to 78 columns, before a word that does not fit


@dataclass(frozen=True, slots=True)
class Name:
    """One name of a verb, with the value that the name fixes ("" for none)."""

    verb: Verb[Any]
    fixed: str
    takes: Takes


NAMES: Mapping[str, Name] = MappingProxyType(
    {
        **{name: Name(verb, "", verb.takes) for verb in TABLE for name in (verb.name, *verb.also.split())},
        **{
            name: Name(verb, shortcut.value, shortcut.takes)
            for verb in TABLE
            for shortcut in verb.shortcuts
            for name in shortcut.names.split()
        },
    }
)
STATUSES = tuple(shortcut.value for shortcut in VERBS["status"].shortcuts)
# Their values may be written in several ways: whether two mean the same is known once they are read.
LOOKED_UP = frozenset({"assign", "transfer", "topic", "sla", "priority", "due", "requester", "canned"})
LEAVE = "leave"  # for collaborators; an agent's line that begins with it is refused
_SIMILAR = 0.65  # of a typo and what was meant; "remind" and "send" are 0.6 alike
# Every word that is a command at the start of a line. #end ends the reading and is no verb.
KNOWN = frozenset(NAMES) | {LEAVE, "end"}

_COMMAND = re.compile(r"#([^\W\d_](?:\w|-(?=\w))*)[\s:,;=!]*(.*)")
_ESCAPED = re.compile(r"\\#[^\W_]")
# " -- why", also with the dashes that Word and phones replace "--" with, also without the space after it.
_REASON = re.compile(r"(?:^|\s)(?:-{2,3}|[\u2013\u2014\u2015])\s*")
_PRONOUNS: Mapping[str, str] = MappingProxyType(
    {"me": "me", "myself": "me", "nobody": "nobody", "none": "nobody", "no one": "nobody"}
)
_EMPHASISED = re.compile(r"(?<!\w)([*_`~]{1,3})([^*_`~]+)\1(?!\w)")
_NUMBER = re.compile(r"\[?\s*#?\s*(\d{1,12})\s*\]?")


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands in an agent's lines, the text below them, and a sentence for each problem."""

    commands: tuple[Command, ...]
    rest: tuple[str, ...]
    problems: tuple[Phrase, ...]
    unread: tuple[str, ...] = ()  # the lines below `#end`

    @property
    def verbs(self) -> frozenset[str]:
        """The canonical verbs that are used."""
        return frozenset(command.verb for command in self.commands)


@dataclass(frozen=True, slots=True)
class _Line:
    raw: str
    cleaned: str

    @property
    def word(self) -> str:
        """The word after the `#` in lower case; "" if the line is not a command."""
        found = _COMMAND.match(self.cleaned)
        return found[1].lower() if found else ""


def read_commands(lines: Sequence[str], signature: str = "") -> Commands:
    r"""Read the command block at the top of `lines` (the sender's own ones, without quotes). Never raises.

    Emphasis marks, links and the like that mail programs add are removed from commands. `rest` is the text as
    typed, without blank lines at either end, with `\#word` as `#word`, up to a line `#end`. If there is any
    problem, no command of the mail may be carried out and its text must not be sent. `signature` is what the mail
    program marks as one: it goes to the reader too, and somebody who types below it has typed a command there.
    """
    own, unread = _above_end(lines)
    signed, _ = _above_end(signature.split("\n") if unread is None else [])
    height = _height(own)
    block = [line for line in own[:height] if line.word]
    rest = list(dropwhile(lambda line: not line.cleaned, own[height:]))
    results = [_command(line) for line in block[:MOST]]
    commands = [result for result in results if isinstance(result, Command)]
    problems = [result for result in results if isinstance(result, Phrase)]
    if len(block) > MOST:
        problems.append(phrase("refused.too_many_commands", most=MOST, count=len(block)))
    problems += _contradictions(commands)
    problems += _wrapped(own, height)
    problems += _strays([*rest, *signed])
    return Commands(tuple(commands), _text(rest), tuple(problems), unread or ())


def _above_end(lines: Sequence[str]) -> tuple[list[_Line], tuple[str, ...] | None]:
    """The lines above `#end`, and those below it; None without such a line."""
    own: list[_Line] = []
    parts = [part for line in lines for part in (line.splitlines() or [""])]
    for place, raw in enumerate(parts, start=1):
        cleaned = clean(raw)
        if cleaned.lower() == "#end":
            return own, tuple(parts[place:])
        own.append(_Line(raw, cleaned))
    return own, None


def _height(own: Sequence[_Line]) -> int:
    """Number of lines of the command block, with the blank lines before and between commands."""
    height = 0
    for number, line in enumerate(own, start=1):
        if line.word:
            height = number
        elif line.cleaned:
            break
    return height


def _command(line: _Line) -> Command | Phrase:
    """The command on a line, or the text that says what is wrong with it."""
    found = _COMMAND.match(unmarked(line.raw))
    assert found
    word = line.word
    if word == LEAVE:
        return Phrase("refused.leave")
    if word == "end":
        return Phrase("refused.end")
    name = NAMES.get(word)
    if not name:
        return _unknown(shortened(word))
    verb = name.verb
    value, reason = _split_reason(found[2]) if verb.reason else (found[2], "")
    value = _EMPHASISED.sub(r"\2", value).strip(MARKS + " ")
    value = value if verb.sentence else unquoted_whole(value.rstrip(". ")).rstrip(". ")
    if name.takes is Takes.NOTHING and value:
        return _unexpected(word, name, shortened(value))
    if name.takes is Takes.VALUE and not value:
        return phrase("refused.needs", word=word, what=Phrase(f"needs.{verb.name}"))
    if name.fixed and value:
        return Command(verb.name, name.fixed, reason, line.cleaned, until=value)
    return _canonical(verb, name.fixed or value, reason, line.cleaned)


def _split_reason(rest: str) -> tuple[str, str]:
    """Value and reason: "Online Banking -- they own it"."""
    value, *reason = _REASON.split(rest, maxsplit=1)
    return value.strip(), "".join(reason).strip()


def _unknown(word: str) -> Phrase:
    near = get_close_matches(word, sorted(NAMES), n=1, cutoff=_SIMILAR)
    hint = phrase("hint.near", near=f"#{near[0]}") if near else phrase("hint.escape", word=word)
    return phrase("refused.unknown", word=word, hint=hint)


def _unexpected(word: str, name: Name, value: str) -> Phrase:
    """The problem of a value after a command that takes none."""
    if name.verb.about is About.TICKET and (number := _NUMBER.fullmatch(value)):
        return phrase("refused.alone_number", word=word, number=number[1])
    if name.verb.name == "assign":
        return phrase("refused.alone_assign", word=word, value=value)
    if name.verb.reason:
        return phrase("refused.alone_reason", word=word, value=value)
    return phrase("refused.alone", word=word)


def _canonical(verb: Verb[Any], value: str, reason: str, line: str) -> Command | Phrase:
    """The command with its value in canonical form, as far as that depends on nothing but the value."""
    if verb.name == "status":
        return _status(value, reason, line)
    if verb.number or (verb.name in ("show", "split") and value):
        number, part = _without_part(value) if verb.name == "show" else (value, "")
        found = _NUMBER.fullmatch(number)
        if not found and (number or not part):
            return _not_a_number(verb.name, value)
        value = f"{found[1].lstrip('0') or '0' if found else ''} {part}".strip()
    if verb.name == "ban" and not value:
        return Command("bans", line=line)
    if verb.name == "assign":
        value = _PRONOUNS.get(value.lower(), value)
    return Command(verb.name, value, reason, line)


_PARTS = {"file": "files", "files": "files", "full": "full"}  # of a ticket, as #show names them


def _without_part(value: str) -> tuple[str, str]:
    """The number and the part ("files", "full") after #show, in any order; of several parts the first."""
    words = value.split()
    parts = [_PARTS[word.lower()] for word in words if word.lower() in _PARTS]
    return " ".join(word for word in words if word.lower() not in _PARTS), next(iter(parts), "")


def _not_a_number(verb: str, value: str) -> Phrase:
    if verb == "split":
        return phrase("refused.no_id", typed=shortened(value))
    return phrase("refused.no_number", verb=verb, typed=shortened(value))


def _status(value: str, reason: str, line: str) -> Command | Phrase:
    """#status with the unique start of a status or any name for it; only pending takes a time."""
    word, _, rest = value.lower().partition(" ")
    same = NAMES.get(word)
    starts = [status for status in STATUSES if status.startswith(word)]
    status = same.fixed if same and same.verb.name == "status" and same.fixed else "".join(starts[:1])
    if not status:
        return phrase("refused.no_status", typed=shortened(value), statuses=Choice(STATUSES))
    if rest and status != "pending":
        return phrase("refused.status_reason", status=status, rest=shortened(rest))
    return Command("status", status, reason, line, until=rest)


def _contradictions(commands: Sequence[Command]) -> list[Phrase]:
    """Commands that exclude each other: two values for one verb, or a text that is both note and reply."""
    problems: list[Phrase] = []
    wanted: dict[str, str] = {}
    for command in commands:
        if VERBS[command.verb].repeats or command.verb in LOOKED_UP:
            continue
        subject = "text" if command.verb in ("note", "reply") else command.verb
        value = command.verb if subject == "text" else f"{command.value} {command.until}".rstrip()
        if wanted.setdefault(subject, value).casefold() != value.casefold():
            prefix = "#" if subject == "text" else f"#{subject} "
            first, second = (prefix + shortened(one) for one in (wanted[subject], value))
            problems.append(phrase("refused.both", first=first, second=second))
    problems += _beside_spam(commands)
    banned, unbanned = ({each.value.casefold() for each in commands if each.verb == verb} for verb in ("ban", "unban"))
    both = sorted(map(shortened, banned & unbanned - {""}))
    return problems + [phrase("refused.both", first=f"#ban {who}", second=f"#unban {who}") for who in both]


def _beside_spam(commands: Sequence[Command]) -> Iterator[Phrase]:
    """What excludes `#spam`, which closes the ticket and answers nobody."""
    verbs = {command.verb for command in commands}
    for command in commands if "spam" in verbs else ():
        if command.verb == "reply":
            yield Phrase("refused.spam_reply")
        elif (
            command.verb == "send"
            or (command.verb == "canned" and "note" not in verbs)
            or (command.verb == "status" and command.value != "closed")
        ):
            yield phrase("refused.both", first="#spam", second=f"#{command.verb} {shortened(command.value)}")


def _wrapped(own: Sequence[_Line], height: int) -> list[Phrase]:
    """A long last command with text directly below it may have been wrapped into that text."""
    if not 0 < height < len(own) or not own[height].cleaned or len(own[height - 1].raw.strip()) <= WRAP_COLUMN:
        return []
    command, text = shortened(own[height - 1].cleaned), shortened(own[height].cleaned)
    return [phrase("refused.wrapped", command=command, text=text)]


def _strays(rest: Sequence[_Line]) -> list[Phrase]:
    """Lines below text that begin with the name of a command."""
    return [
        phrase("refused.stray", line=shortened(line.cleaned), word=line.word)
        for line in islice((line for line in rest if line.word in KNOWN), MOST)
    ]


def _text(rest: Sequence[_Line]) -> tuple[str, ...]:
    """The text as typed, with escapes removed, without blank lines at its end."""
    text = [_unescaped(line) for line in rest]
    while text and not visible(text[-1]):
        text.pop()
    return tuple(text)


def escaped(text: str) -> str:
    """`text` with a backslash in front of each line that would be read as a command."""
    return "\n".join(line.replace("#", "\\#", 1) if _COMMAND.match(clean(line)) else line for line in text.split("\n"))


def _unescaped(line: _Line) -> str:
    if not _ESCAPED.match(line.cleaned):
        return line.raw
    return line.raw.replace("\\#", "#", 1) if "\\#" in line.raw else line.cleaned[1:]
