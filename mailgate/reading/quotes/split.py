"""Which lines of a body are the sender's own, and which are history or signature.

One pass of small rules over lines, for text and HTML alike. Where unsure it cuts less:
losing a sentence of a reply is worse than a quoted line too many. A mail that answers nothing
quotes nothing: all of it is shown, save a signature that is one by what it says. No line vanishes:
each ends up in the visible part, the cut part or the forwarded part.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from mailgate.mail import MARKERS
from mailgate.reading.quotes import attribution, attribution_lines, coloured, evidence, footers, marks, shape, signature
from mailgate.reading.quotes.evidence import Answer, Of
from mailgate.reading.quotes.lines import MAX_LINES, Kind, Line, first_own, is_own, says_something

ANNOUNCING = 8  # words of a line above a quoted mail
MOSTLY = 0.8  # of the lines: some lose their quote mark where a program wraps them
QUOTED = re.compile(r"^ ?((?:> ?)+)")
MARKS = tuple("".join(marker.split()).strip("#-") for marker in MARKERS.values())
_MAYBE_MARKER = re.compile("Write|antworten|Répondez|Escriba")  # a word of each: most lines have none


class Purpose(StrEnum):
    """What a mail does with others, as its subject and its ids say."""

    NEW = "new"  # it answers nothing
    ANSWER = "answer"
    FORWARD = "forward"
    EITHER = "either"  # an answer or a forward: "VS: …"


_SAID = frozenset({Kind.OWN, Kind.ANSWER})
FORWARDS = frozenset({Purpose.FORWARD, Purpose.EITHER})
_UNKNOWN = Answer()


@dataclass(frozen=True, slots=True)
class Split:
    """A body in its parts; `trimmed` says that more or less is visible than the containers of the page mark."""

    visible: tuple[str, ...]
    own: tuple[str, ...]
    cut: tuple[str, ...]
    forward: tuple[str, ...] = ()
    trimmed: bool = False
    signature: str = ""  # of what is cut
    quoted_pictures: frozenset[str] = frozenset()  # Content-IDs of pictures on quoted lines
    own_pictures: tuple[tuple[str, str], ...] = ()  # (Content-ID, text of its line) of the others
    glued: str = ""  # a line like a command right below a quoted line: it may be quoted text
    history: tuple[str, ...] = ()  # of what is cut: the mail that is quoted below the author's words, if not ours
    answers: tuple[str, ...] = ()  # within what is copied, in a colour; a part of what is visible, and not of `own`


def text_lines(text: str) -> list[Line]:
    """Lines of plain text; leading `>` are quote marks. What follows the 20,000th is one own line."""
    head = text.split("\n", MAX_LINES)
    rest = [Line(head.pop())] if len(head) > MAX_LINES else []
    return [_text_line(piece) for line in head for piece in shape.announced_apart(line)] + rest


def _text_line(line: str) -> Line:
    found = QUOTED.match(line) if line.startswith((">", " >")) else None
    if not found or shape.between_marks(line):
        return Line(line if line == "-- " else line.rstrip())
    return Line(line[found.end() :].rstrip(), found[1].count(">"), Kind.QUOTE)


def split(
    lines: Sequence[Line], purpose: Purpose = Purpose.ANSWER, *, page: bool = False, answer: Answer = _UNKNOWN
) -> Split:
    """Sort the lines of a body. `page`: its elements tell what is quoted, and no program has wrapped them.

    `answer`: the mail whose body it is.
    """
    work = [replace(line, kind=Kind.QUOTE) if line.level and line.kind is Kind.OWN else line for line in lines]
    marked = any(_is_marker(line.text) for line in work)
    if (marked and purpose in (Purpose.NEW, Purpose.EITHER)) or (purpose is Purpose.EITHER and _answers(work)):
        purpose = Purpose.ANSWER  # of a notice of ours, whatever became of its ids; or in the words of its program
    new, glued = purpose is Purpose.NEW, ""
    answers: tuple[str, ...] = ()
    if new:
        work = [replace(line, kind=Kind.OWN) if line.kind is Kind.QUOTE else line for line in work]
    else:
        marks.read_initials(work)
        marks.read_bars(work)
        if not page:
            glued = marks.glued(work)
            marks.read_wrapped(work)
    labelled = shape.Lines([line.text for line in work])
    forward = _forward_start(work, labelled, purpose)
    end = len(work) if forward is None else forward
    head = work[:end]
    if not new:
        _cut_tail(head, labelled, answer)
        _cut_attributions(head)
        _cut_undated(head)
        if page:
            answers = coloured.mark(head, labelled)
    footers.cut(head)
    signature.cut_address(head, answer.author)
    signature.cut(head, strictly=new, alone=forward is None)
    return replace(_sort(head, work[end:], [line.kind for line in lines], marked=marked), glued=glued, answers=answers)


def _answers(lines: Sequence[Line]) -> bool:
    """Whether what is copied first is copied in a language in which such a prefix stands for an answer."""
    labelled = shape.Lines([line.text for line in lines])
    for place in range(min(len(lines), MAX_LINES)):
        if header := attribution.copied_header(labelled, place):
            return any(field.label in attribution.ANSWERING for field in header.fields)
        if size := attribution.size_at(labelled.lines, place, attribution.is_attribution):
            said = " ".join(labelled.lines[place : place + size]).lower()
            return any(word in attribution.ANSWERING for word in attribution.WORD.findall(said))
    return False


def _sort(head: list[Line], forward: list[Line], marked_as: list[Kind], *, marked: bool) -> Split:
    """Put the lines in their parts; `marked_as` is the kind of each before any rule was applied."""
    last = max((i for i, line in enumerate(head) if line.kind in _SAID and says_something(line.text)), default=-1)
    notice = _notice(head) if marked else len(head)
    visible: list[Line] = []
    cut: list[Line] = []
    trimmed = bool(forward)
    for place, line in enumerate(head):
        # A quote with an answer below it is the context of the answer; of our own notices nothing is kept.
        keeps = line.kind in _SAID or (line.kind is Kind.QUOTE and line.level and place < notice)
        shown = place <= last and keeps
        apart = shown and line.kind is Kind.ANSWER and bool(cut) and cut[-1] is head[place - 1]
        if apart and visible[-1].text:
            visible.append(Line(""))
        (visible if shown else cut).append(line)
        # The page of own words would differ: it holds what no container marks, and lacks what one does.
        trimmed = trimmed or (bool(line.text) and shown is not (marked_as[place] is Kind.OWN))
    return Split(
        _strip([_show(line) for line in visible]),
        _strip([_show(line) for line in visible if line.kind is Kind.OWN]),
        _strip([_show(line) for line in cut]),
        _strip([_show(line) for line in forward]),
        trimmed,
        signature.of(cut),
        frozenset(cid for line in head if line.kind is Kind.QUOTE for cid in line.pictures),
        tuple((cid, line.text) for line in (*head, *forward) if line.kind is not Kind.QUOTE for cid in line.pictures),
        history=()
        if marked
        else _strip([_show(line) for line in head[last + 1 :] if line.kind in (Kind.OWN, Kind.QUOTE)]),
    )


def _notice(lines: Sequence[Line]) -> int:
    """Where the quote of our notice begins: at its marker, or with what is quoted right above that."""
    place = next((place for place, line in enumerate(lines) if _is_marker(line.text)), len(lines))
    while place and (lines[place - 1].level or not lines[place - 1].text.strip()):
        place -= 1
    return place


def _show(line: Line) -> str:
    return (f"{'>' * line.level} {line.text}" if line.level else line.text).rstrip()


def _strip(lines: list[str]) -> tuple[str, ...]:
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while last > first and not lines[last - 1].strip():
        last -= 1
    return tuple(lines[first:last])


def _is_marker(text: str) -> bool:
    if not _MAYBE_MARKER.search(text):
        return False
    joined = "".join(text[:500].split())
    return any(mark in joined for mark in MARKS)


def _forward_start(lines: list[Line], labelled: shape.Lines, purpose: Purpose) -> int | None:
    """Where a forwarded mail begins, or None. A copied mail in one that answers nothing was put there to be read."""
    expected = purpose in FORWARDS or purpose is Purpose.NEW
    quoted = _mostly_quoted(lines) if purpose is Purpose.FORWARD else frozenset()
    said = False
    for place, line in enumerate(lines[:MAX_LINES]):
        if not line.text.strip():
            continue
        if _is_marker(line.text):
            return None  # below stands a notice of ours, and in it what others wrote
        if line.level == 0 and attribution.is_forward(line.text):
            return place
        if expected and attribution.copied_header(labelled, place, surely=purpose is Purpose.NEW):
            return _with_rule(lines, place)
        if expected and attribution.is_header_line(line.text):
            return place
        # Outlook 2019 forwards with nothing but "On …, … wrote:".
        if line.level == 0 and _announces_forward(labelled.lines, place, purpose, said=said):
            return place
        if line.kind is Kind.QUOTE and place in quoted:
            return place
        said = said or says_something(line.text)
    return None


def _announces_forward(texts: Sequence[str], place: int, purpose: Purpose, *, said: bool) -> bool:
    if purpose is Purpose.NEW:
        return not said and attribution.size_at(texts, place, attribution.is_whole) > 0
    return purpose in FORWARDS and attribution.size_at(texts, place, attribution.is_attribution) > 0


def _mostly_quoted(lines: Sequence[Line]) -> frozenset[int]:
    """The places from which on nearly all that is said is quoted."""
    said = quoted = 0
    found: list[int] = []
    for place in range(len(lines) - 1, -1, -1):
        if says_something(lines[place].text):
            said += 1
            quoted += lines[place].kind is Kind.QUOTE
        if quoted >= MOSTLY * said:
            found.append(place)
    return frozenset(found)


def _with_rule(lines: Sequence[Line], place: int) -> int:
    """Take the rule, the separator or the line with the date above a header block with it."""
    above = place - 1
    while above >= 0 and place - above <= 2 and not lines[above].text.strip():
        above -= 1
    if above < 0:
        return place
    text = lines[above].text
    if shape.is_rule(text) or shape.ruled(text)[0] or shape.is_date_line(text) or attribution.is_forward_line(text):
        return above
    return above if lines[place].level and _announces_quote(lines, above) else place


def _announces_quote(lines: Sequence[Line], place: int) -> bool:
    """Whether a line is the one that Apple Mail writes above the mail that it quotes: a paragraph of few words."""
    line = lines[place]
    alone = place == 0 or not lines[place - 1].text.strip()
    words = line.text.split()
    return alone and not line.level and line.text.endswith((":", "：")) and len(words) <= ANNOUNCING


def _cut_tail(lines: list[Line], labelled: shape.Lines, answer: Answer) -> None:
    """History that a program put below the answer without quote marks: all that follows goes.

    A header of which it is not known whether its author shows it begins history, unless that of the answered mail
    stands below.
    """
    first = first_own(lines)
    shown = 0  # where the last header ends that its author shows
    doubtful = -1
    for place, line in enumerate(lines[:MAX_LINES]):
        if line.kind is not Kind.OWN or not line.text.strip():
            continue
        if _is_marker(line.text) or (first < place and attribution.is_reply_marker(line.text)):
            _mark(lines, _above_marker(lines, labelled, place, shown), len(lines))
            return
        header = attribution.copied_header(labelled, place)
        kind = evidence.of(header, answer) if header else None
        if header and (kind is Of.SHOWN or (shown and place <= shown + 1)):  # also the rest of a long one
            shown = max(shown, place + header.size)
        elif first < place and (kind is Of.ANSWERED or (header is None and attribution.is_original(line.text))):
            start = doubtful if doubtful >= 0 and header is None else place
            _mark(lines, _with_rule(lines, start), len(lines))
            return
        elif first < place and header and doubtful < 0:
            doubtful = place
    if doubtful >= 0:
        _mark(lines, _with_rule(lines, doubtful), len(lines))


def _above_marker(lines: Sequence[Line], labelled: shape.Lines, place: int, start: int) -> int:
    """The attribution, header or rule that stands between the own text and our marker, below `start`."""
    found, above = -1, max(start, place - 12)
    while above < place:
        line, size = lines[above], 1
        if line.kind is Kind.OWN:
            header = attribution.copied_header(labelled, above, surely=False)
            size = header.size if header else 1
            found = above if header or attribution.is_original(line.text) else found
        above += size
    return _with_rule(lines, found if found >= 0 else place - attribution_lines.above(lines, place))


def _mark(lines: list[Line], start: int, end: int) -> None:
    for place in range(start, end):
        if lines[place].kind is Kind.OWN:
            lines[place] = replace(lines[place], kind=Kind.QUOTE)


def _cut_attributions(lines: list[Line]) -> None:
    """The line that ends in "wrote:" above a quote, and where it is certain also above unmarked history."""
    for place in range(1, min(len(lines), MAX_LINES)):
        if lines[place].kind is Kind.QUOTE and lines[place - 1].kind is Kind.OWN:
            size = attribution_lines.above(lines, place)
            _mark(lines, place - size, place)
    said = False  # of the lines above; never asked again for each, or a hostile text would cost its square
    asked = False  # the same of what follows
    quoted = _last_quote(lines)
    for place in range(min(len(lines), MAX_LINES)):
        line = lines[place]
        size = attribution_lines.certain_at(lines, place) if line.kind is Kind.OWN and line.text else 0
        if size:
            # Where marked quotes stand below, unmarked lines there are answers, unless the history has quotes itself.
            tail = said and (quoted < place + size or (not asked and _quotes_itself(lines, place + size)))
            asked = asked or said
            _mark(lines, place, len(lines) if tail else place + size)
            if tail:
                return
        said = said or is_own(lines[place])


def _quotes_itself(lines: Sequence[Line], start: int) -> bool:
    """Whether what follows is unmarked history: words, and at its end quotes, each with an attribution of its own.

    An answer between quotes stands below one that the attribution above announces, or has none of its own.
    """
    words, last = False, start
    announced = quoted = False  # by the line above
    for place in range(start, min(len(lines), MAX_LINES)):
        line = lines[place]
        if not line.text.strip():
            continue
        if line.level:
            if not words or not (announced or quoted):
                return False
            last = place
        words, announced, quoted = True, line.kind is Kind.QUOTE and not line.level, line.level > 0
    below = next((line.text for line in lines[last + 1 :] if line.text.strip()), "--")
    return below.rstrip() == "--"


def _cut_undated(lines: list[Line]) -> None:
    """The last own line, where it announces the quote that follows it and says no date."""
    last = next((place for place in range(len(lines) - 1, 0, -1) if is_own(lines[place])), 0)
    below = next((line for line in lines[last + 1 :] if line.text.strip()), None)
    if below and below.level and first_own(lines) < last and attribution.is_undated(lines[last].text):
        _mark(lines, last, last + 1)


def _last_quote(lines: Sequence[Line]) -> int:
    """Where the last marked quote stands; -1 when there is none."""
    places = (place for place in range(len(lines) - 1, -1, -1) if lines[place].level)
    return next((place for place in places if not lines[place].text.endswith(":")), -1)
