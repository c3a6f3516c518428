"""The command reader: an agent's own lines to commands, the text below them, and what is wrong.

It knows the grammar alone (the public interface, section 5). Whether a name exists, what
a time means and whether the agent may do it is decided by others; nothing is done here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import dropwhile, islice
from types import MappingProxyType

from mailgate.rules.commands.verbs import KNOWN, LEAVE, REPEATED, SENTENCES, STATUSES, VERBS, Takes, Verb
from mailgate.rules.text.cleanup import MARKS, clean, quoted, shortened, unmarked, visible

MOST = 50  # commands that one mail may hold; beyond, looking for what was meant would cost minutes
WRAP_COLUMN = 60  # mail programs wrap text at 65 to 78 columns; a word may be that much shorter

_COMMAND = re.compile(r"#([^\W\d_](?:\w|-(?=\w))*)[\s:,;=!]*(.*)")
_ESCAPED = re.compile(r"\\#[^\W_]")
# " -- why", also as Word and phones correct it, also without the space behind it.
_REASON = re.compile(r"(?:^|\s)(?:-{2,3}|[\u2013\u2014\u2015])\s*")
_PRONOUNS: Mapping[str, str] = MappingProxyType(
    {"me": "me", "myself": "me", "nobody": "nobody", "none": "nobody", "no one": "nobody"}
)
_EMPHASISED = re.compile(r"(?<!\w)([*_`~]{1,3})([^*_`~]+)\1(?!\w)")
_NUMBER = re.compile(r"\[?\s*#?\s*(\d{1,12})\s*\]?")


@dataclass(frozen=True, slots=True)
class Command:
    """One command: canonical verb, value ("" where it has none), reason, and the line as it was read.

    `until` is the time behind #pending, as it was typed.
    """

    verb: str
    value: str = ""
    reason: str = ""
    line: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Commands:
    """What an agent's lines hold: commands, the text without them, and a sentence for each thing wrong."""

    commands: tuple[Command, ...]
    rest: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def verbs(self) -> frozenset[str]:
        """The canonical verbs that were used."""
        return frozenset(command.verb for command in self.commands)


@dataclass(frozen=True, slots=True)
class _Line:
    raw: str
    cleaned: str

    @property
    def word(self) -> str:
        """The word behind the `#` in lower case, "" for a line that is no command."""
        found = _COMMAND.match(self.cleaned)
        return found[1].lower() if found else ""


def read_commands(lines: Sequence[str]) -> Commands:
    r"""Read the command block on top of `lines` (the sender's own ones). Never raises.

    Mail programs' additions are undone first. `rest` is the text as it was typed, from
    its first line that is not blank to its last, with `\#word` as `#word`, nothing of it
    below a line `#end`. With any problem nothing of the mail may be done or sent.
    """
    own = _above_end(lines)
    height = _height(own)
    block = [line for line in own[:height] if line.word]
    rest = list(dropwhile(lambda line: not line.cleaned, own[height:]))
    results = [_read(line) for line in block[:MOST]]
    commands = [result for result in results if isinstance(result, Command)]
    problems = [result for result in results if isinstance(result, str)]
    if len(block) > MOST:
        problems.append(f"one mail holds at most {MOST} commands, and this one {len(block)}")
    problems += _contradictions(commands)
    problems += _wrapped(own, height)
    problems += _strays(rest)
    return Commands(tuple(commands), _text(rest), tuple(problems))


def _above_end(lines: Sequence[str]) -> list[_Line]:
    own: list[_Line] = []
    for raw in (part for line in lines for part in (line.splitlines() or [""])):
        cleaned = clean(raw)
        if cleaned.lower() == "#end":
            break
        own.append(_Line(raw, cleaned))
    return own


def _height(own: Sequence[_Line]) -> int:
    """Number of lines of the block: commands with blank lines before and between."""
    height = 0
    for number, line in enumerate(own, start=1):
        if line.word:
            height = number
        elif line.cleaned:
            break
    return height


def _read(line: _Line) -> Command | str:
    """The command on a line, or the sentence that says what is wrong with it."""
    found = _COMMAND.match(unmarked(line.raw))
    assert found
    word = line.word
    if word == LEAVE:
        return "#leave is for collaborators; #uncc ADDRESS takes one off the ticket"
    if word == "end":
        return "#end stands alone on its line"
    verb = VERBS.get(word)
    if not verb:
        return _unknown(shortened(word))
    value, reason = _split_reason(found[2]) if verb.reason else (found[2], "")
    value = _EMPHASISED.sub(r"\2", value).strip(MARKS + " ")
    value = value if verb.name in SENTENCES else value.rstrip(". ")
    if verb.takes is Takes.NOTHING and value:
        return _too_much(word, verb, shortened(value))
    if verb.takes is Takes.VALUE and not value:
        return f"#{word} needs {verb.needs} behind it"
    if verb.fixed == "pending":
        return Command("status", "pending", reason, line.cleaned, until=value)
    return _command(verb, verb.fixed or value, reason, line.cleaned)


def _split_reason(rest: str) -> tuple[str, str]:
    """Value and reason: "Online Banking -- they own it"."""
    value, *reason = _REASON.split(rest, maxsplit=1)
    return value.strip(), "".join(reason).strip()


def _unknown(word: str) -> str:
    near = get_close_matches(word, sorted(VERBS), n=1)
    hint = f"did you mean #{near[0]}?" if near else f"as a word it is written \\#{word}"
    return f"#{word} is not a command; {hint}"


def _too_much(word: str, verb: Verb, value: str) -> str:
    """What to say of a value behind a verb that takes none."""
    if verb.name == "assign":
        return f"#{word} stands alone on its line; for somebody else write #assign {value}"
    if verb.reason:
        return f"#{word} stands alone on its line; a reason goes behind a dash: #{word} -- {value}"
    return f"#{word} stands alone on its line; text goes below it"


def _command(verb: Verb, value: str, reason: str, line: str) -> Command | str:
    """The command with its value in canonical form, where the grammar knows one."""
    if verb.name == "status":
        return _status(value, reason, line)
    if verb.name in ("ticket", "link", "merge") or (verb.name in ("show", "split") and value):
        number, files = _without_files(value) if verb.name == "show" else (value, "")
        found = _NUMBER.fullmatch(number)
        if not found and (number or not files):
            return _no_number(verb.name, value)
        value = f"{found[1].lstrip('0') or '0' if found else ''} {files}".strip()
    if verb.name == "ban" and not value:
        return Command("bans", line=line)
    if verb.name == "assign":
        value = _PRONOUNS.get(value.lower(), value)
    return Command(verb.name, value, reason, line)


def _without_files(value: str) -> tuple[str, str]:
    """The number and the word "files" behind #show, in any order."""
    words = value.split()
    rest = [word for word in words if word.lower() not in ("file", "files")]
    return " ".join(rest), "files" if len(rest) < len(words) else ""


def _no_number(verb: str, value: str) -> str:
    if verb == "split":
        return f"#split takes nothing, or the id of a message, not {quoted(value)}"
    return f"#{verb} takes the number of a ticket, such as 1042, not {quoted(value)}"


def _status(value: str, reason: str, line: str) -> Command | str:
    """#status by a unique start or any verb that means it; only pending takes a time."""
    word, _, rest = value.lower().partition(" ")
    same = VERBS.get(word)
    starts = [status for status in STATUSES if status.startswith(word)]
    status = same.fixed if same and same.name == "status" and same.fixed else "".join(starts[:1])
    if not status:
        return f"{quoted(value)} is not a status: it is one of {', '.join(STATUSES[:-1])} or {STATUSES[-1]}"
    if rest and status != "pending":
        return f"#status takes one word; a reason goes behind a dash: #status {status} -- {shortened(rest)}"
    return Command("status", status, reason, line, until=rest)


def _contradictions(commands: Sequence[Command]) -> list[str]:
    """One mail sets a thing once, and its text is either a note or a reply."""
    problems = []
    wanted: dict[str, str] = {}
    for command in commands:
        if command.verb in REPEATED:
            continue
        subject = "text" if command.verb in ("note", "reply") else command.verb
        value = command.verb if subject == "text" else f"{command.value} {command.until}".rstrip()
        if wanted.setdefault(subject, value).casefold() != value.casefold():
            prefix = "#" if subject == "text" else f"#{subject} "
            first, second = (prefix + shortened(one) for one in (wanted[subject], value))
            problems.append(f"{first} and {second} cannot both be done: keep one of them")
    if {"spam", "reply"} <= {command.verb for command in commands}:
        problems.append("#spam and #reply cannot both be done: who sends spam is not answered")
    banned, unbanned = ({each.value.casefold() for each in commands if each.verb == verb} for verb in ("ban", "unban"))
    both = sorted(map(shortened, banned & unbanned - {""}))
    return problems + [f"#ban {who} and #unban {who} cannot both be done: keep one of them" for who in both]


def _wrapped(own: Sequence[_Line], height: int) -> list[str]:
    """A long last command with text directly below it may go on in that text."""
    if not 0 < height < len(own) or not own[height].cleaned or len(own[height - 1].raw.strip()) <= WRAP_COLUMN:
        return []
    command, text = quoted(own[height - 1].cleaned), quoted(own[height].cleaned)
    return [f"put an empty line after the commands: {command} may have been wrapped, and {text} may belong to it"]


def _strays(rest: Sequence[_Line]) -> list[str]:
    return [
        f"commands go on top: {quoted(line.cleaned)} stands below other text (write \\#{line.word} for the word itself)"
        for line in islice((line for line in rest if line.word in KNOWN), MOST)
    ]


def _text(rest: Sequence[_Line]) -> tuple[str, ...]:
    """The text as typed, escapes taken out, without blank lines at its end."""
    text = [_unescaped(line) for line in rest]
    while text and not visible(text[-1]):
        text.pop()
    return tuple(text)


def escaped(text: str) -> str:
    """`text` so that it stays text below commands: what begins like a command gets its backslash again."""
    return "\n".join(line.replace("#", "\\#", 1) if _COMMAND.match(clean(line)) else line for line in text.split("\n"))


def _unescaped(line: _Line) -> str:
    if not _ESCAPED.match(line.cleaned):
        return line.raw
    return line.raw.replace("\\#", "#", 1) if "\\#" in line.raw else line.cleaned[1:]
