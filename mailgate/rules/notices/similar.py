"""Ended tickets that are similar to a new one, by the words of its subject and first lines.

Words are weighed by how rare they are (inverse document frequency), without stemming. The
number of rows that are read is bounded, however many tickets there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import log

LATEST = 24  # tickets that are looked at for one word: the latest that have it
ASKED = 6  # words of a new ticket that are looked for, the first of its subject
KEPT = 16  # words by which an ended ticket is found
SHOWN = 3
_READ = 400  # characters of the first text
_ENOUGH = 0.5  # of what a ticket with every word would score
_WORD = re.compile(r"[^\W_]{4,24}")
_COMMON = (
    "about after again also because been before cannot could does doesn dear from good have hello here help into just "
    "kind know like mail make more morning much need only other over please problem regards same should since some "
    "still subject team than thank thanks that their them then there they this ticket today very want were what when "
    "where which will with work working would your "
    "aber auch bitte danke dass eine einen einer habe haben hallo ihre kann können mein meine nach nicht noch oder "
    "schon sehr seit sich sind unser wenn werden wird guten "
    "avec avez bonjour cette dans depuis être mais merci mon nous peux plus pour sont votre vous "
    "buenos desde esta está este gracias hola más nuestra para pero puedo quiero"
)
_STOP_WORDS = frozenset(_COMMON.split())


def words_of(subject: str, text: str, most: int) -> tuple[str, ...]:
    """The words of a ticket that are no stop words, each once: those of its subject first."""
    found = _WORD.findall(f"{subject[:_READ]} {text[:_READ]}".casefold())
    return tuple(dict.fromkeys(word for word in found if word not in _STOP_WORDS))[:most]


def closest(asked: int, found: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    """Numbers of the tickets that are similar to the new one, the most similar first.

    `found` are pairs of the place of a word, below `asked`, and a ticket that has it. Two
    words at least must be shared, and half of what all of them weigh.
    """
    having: dict[int, list[int]] = {}
    for place, number in found:
        having.setdefault(place, []).append(number)
    weights = {place: 1 + log(LATEST / len(numbers)) for place, numbers in having.items()}
    scores: dict[int, list[float]] = {}
    for place, numbers in having.items():
        for number in numbers:
            scores.setdefault(number, []).append(weights[place])
    # A word that nobody has weighs like a common one: it may be a name
    least = _ENOUGH * (sum(weights.values()) + asked - len(weights))
    good = [(sum(each), number) for number, each in scores.items() if len(each) > 1 and sum(each) >= least]
    return tuple(number for _, number in sorted(good, reverse=True))
