"""What copied mail looks like in any language: dates, addresses, labelled lines, rules.

No word of any language stands here. Each question is asked of a line or a few, and costs no more
than they are long; what follows from the answers is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

MAX_LINE = 2000  # characters of a line that are looked at; Yahoo writes a whole header on one
MAX_ATTRIBUTION = 400  # characters
MAX_HEADER = 20  # lines of a copied header
MAX_RUNS = 3000  # labelled lines at which a header may begin; a log of more is no header
MAX_WRAPPED = 4  # lines on which one of its fields may go on
_QUOTES = "\"'“”„«»‹›"
_ATOM = rf"[^\s<>()\[\]:;,@{_QUOTES}]"  # no @, or a run of them costs the square of its length
EMAIL = re.compile(rf"{_ATOM}{{1,64}}@{_ATOM}{{1,100}}\.[a-z]{{2,}}", re.IGNORECASE)
TIME = re.compile(r"\d{1,2}[:.h]\d{2}")
DATE = re.compile(r"\b\d{4}\b|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}\.? \w{3,}|年")
_CLOCK = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)")
_YEAR = re.compile(r"(?<!\d)(?:19|20|25|14)\d{2}(?!\d)")  # also of the Thai calendar, and of Muslim ones
_DAY = re.compile(
    r"(?<!\d)\d{1,4}[-/.] ?\d{1,2}[-/.] ?\d{1,4}(?!\d)|\d{4}年\d{1,2}月"  # 3.5.2026, 2026-05-03
    r"|(?<!\d)\d{1,2}(?:\.|º|er|th|st|nd|rd)? (?:de )?[^\W\d_]{3,}\.?,?(?: de)? \d{4}"  # 3 May 2026, 3 de mayo de 2026
    r"|[^\W\d_]{3,}\.? \d{1,2}(?:th|st|nd|rd)?,? \d{4}",  # May 3, 2026
)
# "Label: value", the label a word or a few, however it is set in bold.
_FIELD = re.compile(r"[\s*_>|]{0,6}([^\W\d_][^:：\n@<>\d]{0,24}?)[\s*_]{0,3}[:：][\s*_]{0,6}(.*)$")
_PERSON = re.compile(
    rf"[\s*_{_QUOTES}]{{0,4}}(?:(?:mailto:)?{EMAIL.pattern}|[^<>@:：\[\]()]{{1,80}}?[<(\[«]\s{{0,2}}(?:mailto:)?{EMAIL.pattern})",
    re.IGNORECASE,
)
_RULED = re.compile(r"[-_=*–—―]{2,}\s*([^-_=*–—―].{1,160}?)\s*[-_=*–—―]{2,}(.*)$")
_MARKED = re.compile(r">>> ?([^>\s][^\n]{0,200}?) ?>>>")
_BARE_RULE = re.compile(r"\s*[-_=–—―]{5,}\s*$")
DASHES = tuple("-_=*–—―")
_BRACKETED = re.compile(rf"[<(\[«]\s{{0,2}}(?:mailto:)?({EMAIL.pattern})\s{{0,2}}[>)\]»]", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_ENDS = (":", "：", ":*", ": *", ":_")
_RUN_ON = re.compile(r":[ \t]{2,}(?=\S)")
MAX_MEMO = 6  # lines of the header of a memo that are looked at
MEMO_LABEL = 12  # characters
NAMED_WORDS = 4  # of a name and a verb
NAME_WORDS = 12  # words that stand around date and address in the longest attributions
BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # direction marks around names and addresses


def has_date(text: str) -> bool:
    """True when a line names a time or a date."""
    return bool(TIME.search(text) or DATE.search(text))


def is_moment(value: str) -> bool:
    """True for what says a day with its year, or a day and a time: the value of a Date field."""
    value = value[:120]
    return bool(_DAY.search(value)) or bool(_CLOCK.search(value) and _YEAR.search(value))


def is_people(value: str) -> bool:
    """True for what begins with an address, or with a name and its address: the value of a From or To field."""
    return bool(_PERSON.match(value[:400]))


def is_rule(line: str) -> bool:
    """A line of nothing but a long rule."""
    return line.lstrip().startswith(DASHES) and bool(_BARE_RULE.match(line[:200]))


def ruled(line: str) -> tuple[str, str]:
    """What stands between two rules at the beginning of a line, and what stands behind them; "" for none."""
    head = line[:MAX_LINE].lstrip(" >*\t\xa0")
    found = _RULED.match(head) if head.startswith(DASHES) else None
    return (found[1], found[2]) if found else ("", "")


def between_marks(line: str) -> str:
    """What stands between three marks on either side: GroupWise's ">>> Ann Key 11/2/2026 10:00 >>>"."""
    head = line[:MAX_LINE].strip()
    found = _MARKED.fullmatch(head) if head.startswith(">>>") else None
    return found[1] if found else ""


def is_date_line(line: str) -> bool:
    """A line of a date and a few words, as "Message du 03/05/26 10:00" above a copied header."""
    return (
        len(line) <= 60
        and is_moment(line)
        and len(_WORD.findall(line)) <= 6
        and not line.rstrip().endswith((".", "!", "?"))
    )


# ── copied headers ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Field:
    """One line of a copied header, and what of its value stands on the next lines."""

    label: str  # in lower case
    value: str

    @cached_property
    def people(self) -> bool:
        """Whether it names people."""
        return is_people(self.value)

    @cached_property
    def moment(self) -> bool:
        """Whether it says when."""
        return not self.people and is_moment(self.value)


@dataclass(frozen=True, slots=True)
class Header:
    """A run of labelled lines, and on how many lines it stands."""

    fields: tuple[Field, ...]
    size: int

    @property
    def people(self) -> tuple[Field, ...]:
        """The fields that name people: the author's first, in every program."""
        return tuple(field for field in self.fields if field.people)

    @property
    def dated(self) -> bool:
        """Whether a field says when."""
        return any(field.moment for field in self.fields)

    @property
    def is_mail(self) -> bool:
        """Whether by its values alone it is the header of a mail: from, to, when and a subject, or from and when.

        Where one is named, it is with name and address: an address alone may be the value of a form.
        """
        if len(self.fields) < 4 or not self.dated:
            return False
        return len(self.people) >= 2 or (
            self.fields[0].people and self.fields[1].moment and bool(_BRACKETED.search(self.fields[0].value))
        )

    @property
    def may_be_mail(self) -> bool:
        """Whether it may be one: somebody, and when or somebody else."""
        return len(self.fields) >= 3 and (len(self.people) >= 2 or (bool(self.people) and self.dated))


def field(line: str) -> Field | None:
    """Label and value of a labelled line; None for any other."""
    head = line[:60]
    found = _FIELD.match(line[:MAX_LINE]) if ":" in head or "：" in head else None
    return Field(" ".join(found[1].lower().split()), found[2].strip(" *_\t")) if found else None


class Lines:
    """The lines of a body, of which each is looked at once, however many headers might begin above it."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self._fields: dict[int, Field | None] = {}
        self._runs = 0  # that were looked at

    def field(self, place: int) -> Field | None:
        """The labelled line at a place."""
        if place not in self._fields:
            line = self.lines[place]
            self._fields[place] = field(line.lstrip("> ") if line.startswith((">", " >")) else line)
        return self._fields[place]

    def header(self, place: int) -> Header | None:
        """The run of labelled lines that begins at a place; None where none begins.

        A value may go on over lines without a label as long as a label follows; an empty line ends the run,
        unless one stands below every field.
        """
        first = self.field(place)
        if first is None or self._runs >= MAX_RUNS:
            return None
        self._runs += 1
        fields, end = [first], place + 1
        spaced: bool | None = None
        for at, found, gap, between in self._labelled(place + 1):
            spaced = gap if spaced is None else spaced
            if gap and not spaced:
                break
            if between:
                fields[-1] = Field(fields[-1].label, f"{fields[-1].value} {between}".strip())
            fields.append(found)
            end = at + 1
        return Header(tuple(fields), end - place)

    def _labelled(self, start: int) -> Iterator[tuple[int, Field, bool, str]]:
        """Each further labelled line: where, the field, whether an empty line precedes, and what is between."""
        gap, between = False, list[str]()
        for at in range(start, min(start + MAX_HEADER, len(self.lines))):
            line = self.lines[at]
            if found := self.field(at):
                yield at, found, gap, " ".join(between)
                gap, between = False, []
            elif not line.strip("> "):
                if gap:
                    return
                gap = True
            else:
                between.append(line[:MAX_LINE].strip())
                if len(between) >= MAX_WRAPPED or gap:
                    return


# ── attributions ────────────────────────────────────────────────────────────────────────


def is_attribution(text: str, *, strictly: bool = True) -> bool:
    """True for "date, time, Name <address> wrote:" in any order and language: it needs no quote below it.

    Beside date, time and bracketed address it has few words; it ends with a colon, or stands between rules.
    Strictly, it begins with the name where the date stands behind, unlike "Write to Ann <…> before 3 May 2026 10:00:".
    """
    marked = bool(between_marks(text))
    text = _announcing(text)
    if not _CLOCK.search(text) or not _has_day(text):
        return False
    found = _BRACKETED.search(text)
    if not found:
        return marked
    before, after = _WORD.findall(text[: found.start()]), _WORD.findall(text[found.end() :])
    if len(before) > NAME_WORDS or len(after) > NAME_WORDS // 2:
        return False
    return not strictly or marked or _has_day(text[: found.start()]) or not any(map(str.islower, before))


def _has_day(text: str) -> bool:
    return bool(_DAY.search(text) or _YEAR.search(text))


def announced_apart(line: str) -> tuple[str, ...]:
    """A line in two where the mail that it announces begins on it behind blanks, as Yahoo writes on phones."""
    colon = _RUN_ON.search(line[:MAX_ATTRIBUTION]) if ":  " in line[:MAX_ATTRIBUTION] else None
    if colon and is_attribution(line[: colon.start() + 1]):
        return line[: colon.start() + 1], line[colon.end() :]
    return (line,)


def memo_size(lines: Sequence[str]) -> int:
    """On how many lines the header of a memo begins, as Notes writes it above the mail that is answered; 0 for none.

    Name and address, below them the time and nothing else, then a label and whom it was for.
    """
    if len(lines) < 2 or not is_people(lines[0]) or not is_date_line(lines[1]) or not _CLOCK.search(lines[1]):
        return 0
    below = [line.strip() for line in lines[2:] if line.strip()]
    return 2 if len(below) > 1 and len(below[0]) <= MEMO_LABEL and is_people(below[1]) else 0


def may_be_attribution(text: str) -> bool:
    """The same without its certainty, for a line right above a quote.

    It begins with the date and has the time, or it is a name with its address and one word.
    """
    text = _announcing(text)
    if found := _BRACKETED.search(text):
        return len(_WORD.findall(text[: found.start()])) <= NAME_WORDS // 2 and len(text[found.end() :].split()) == 1
    day = _DAY.search(text) if _CLOCK.search(text) else None
    if day is None or len(_WORD.findall(text)) > NAME_WORDS:
        return False
    before = _WORD.findall(text[: day.start()])
    # "Ann Key 写道 2026-05-03 10:00:", a name and a word, unlike "The log says on 3 May 2026 10:00:".
    named = 2 <= len(before) <= NAMED_WORDS and before[0].istitle() and before[1].istitle()
    return len(before) <= 2 or (named and day[0][0].isdigit() and not _WORD.search(day[0]))


def _announcing(text: str) -> str:
    """A line that ends as one that announces a quote does, on one line and without its rules; "" for any other."""
    text = " ".join(BIDI.sub("", text[: 2 * MAX_ATTRIBUTION]).split())
    inner, behind = ruled(text)
    if inner and not behind:
        text = f"{inner}:"  # Zoho and Notes draw rules around it
    elif marked := between_marks(text):
        text = f"{marked}:"
    ends = text.endswith(_ENDS) and len(text) <= MAX_ATTRIBUTION
    return text if ends and not field(text) else ""
