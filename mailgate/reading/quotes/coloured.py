"""Answers that somebody wrote into the mail that they answer, in a colour of their own, and says so above it.

Nothing else tells them from history where a program sets no quote marks. They are shown and are no more: whoever
wrote the answered mail chose its colours, so that no command is read there and nothing of it is passed on. An agent
who answers in this way is told so (`mailgate/desk/hold/answers_within.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from mailgate.reading.quotes import attribution, shape
from mailgate.reading.quotes.lines import MAX_LINES, Kind, Line, says_something

MOST = 0.7  # of the lines of a mail: more in one colour is the mail's own
MAX_ABOVE = 3000  # characters of the words that announce answers
CONTEXT = 3  # lines of the question above an answer
# How people call them: "in red", "en rouge", "na czerwono", "красным".
_COLOURS = {
    "red": "red|rot|rote[rn]|rouge|rojo|rosso|vermelho|rood|rött?|rødt?|czerwono|červeně|красным",
    "blue": "blue|blau|blaue[rn]|bleu|azul|blu|blauw|blått?|niebiesko|modře|синим",
    "green": "green|grün|grüne[rn]|vert|verde|groen|grönt?|grønt?|zielono|zeleně|зел[её]ным",
    "purple": "purple|violett?|lila|pink|magenta|morado|viola|roxo|paars|fioletowo|fialově|фиолетовым",
    "orange": "orange|oranger|naranja|arancione|laranja|oranje|pomarańczowo|oranžově|оранжевым",
}
_BEFORE = r"(?:in|en|em|i|med|na|highlighted|marked|coloured|colored|mit)"
_NAMED = {
    name: re.compile(rf"\b(?:{_BEFORE} (?:the |het |dark |light |bright )?(?:{words})|{words.rpartition('|')[2]})\b")
    for name, words in _COLOURS.items()
}
# Answers that are announced without their colour.
_WITHIN = re.compile(
    r"\b(?:in-?line|in colou?r|coloured|colored|farbig|en couleur|en color|a colori|in kleur|i färg|i farve)\b"
    r"|\b(?:answer|response|repl|comment|remark)\w* (?:\w+ ){0,4}(?:below|underneath)\b"
    r"|\b(?:see|find|please see) below\b"
    r"|\b(?:antwort|kommentar|anmerkung)\w* (?:\w+ ){0,4}(?:unten|im text|im untenstehenden)\b"
    r"|\b(?:réponse|commentaire)s? (?:\w+ ){0,4}ci-dessous|\b(?:respuesta|comentario)s? (?:\w+ ){0,4}(?:abajo|debajo)"
)


def mark(lines: list[Line], labelled: shape.Lines) -> tuple[str, ...]:
    """Mark the answers in the first copied mail, where the words above it announce them, and what they answer.

    Returns the answers whose colour is named. Other colours may be those of links, of an alert, or of its author.
    """
    start = next((place for place, line in enumerate(lines[:MAX_LINES]) if line.kind is Kind.QUOTE), len(lines))
    said = "\n".join(line.text for line in lines[:start] if line.kind is Kind.OWN)[:MAX_ABOVE]
    wanted, named = announced(said)
    if not wanted:
        return ()
    places = [place for place in _mail(lines, labelled, start) if says_something(lines[place].text)]
    found = [place for place in places if lines[place].kind is Kind.QUOTE and lines[place].colours & wanted]
    if len(found) > MOST * len(places):
        return ()
    answers = [lines[place].text for place in found]
    for place in found:
        lines[place] = replace(lines[place], level=0, kind=Kind.ANSWER)
        _ask(lines, place)
    return tuple(answers if named else ())


def announced(text: str) -> tuple[frozenset[str], bool]:
    """The colours in which somebody says that answers stand below: those that are named, or all (False)."""
    plain = " ".join(text.lower().split())
    if named := frozenset(name for name, words in _NAMED.items() if words.search(plain)):
        return named, True
    return frozenset(_NAMED if _WITHIN.search(plain) else ()), False


def _mail(lines: Sequence[Line], labelled: shape.Lines, start: int) -> range:
    """The lines of the first copied mail, below its header and above the next one."""
    begin = start
    place = start
    while place < min(len(lines), MAX_LINES):
        if header := attribution.copied_header(labelled, place):
            if begin > start:
                break
            begin = place + header.size
        place += header.size if header else 1
    return range(begin, place)


def _ask(lines: list[Line], place: int) -> None:
    """Show the lines right above an answer, quoted: what it answers."""
    above = place - 1
    while not lines[above].text.strip():
        above -= 1  # own words stand above it all
    for at in range(above, above - CONTEXT, -1):
        if lines[at].kind is not Kind.QUOTE or not lines[at].text.strip() or shape.field(lines[at].text):
            return
        lines[at] = replace(lines[at], level=max(lines[at].level, 1), kind=Kind.ANSWER)
