"""Leak guard: does a public reply carry words of the desk's internal text?

A reply leaks when, after folding case, white space, wrapping and quote marks, it holds
six consecutive words (or a whole shorter line) of a note or internal block that stands
in no public entry, or a key, or the name of a department that is not public. A name of one
word may be any word ("infrastructure"): it counts where it is used as a name ("the
Infrastructure department", "we asked Infrastructure"). Words of courtesy alone are nobody's secret.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from mailgate.rules.text.cleanup import seen

SHINGLE = 6  # consecutive words
SHORT_LINE = 3  # a whole line of at least so many words counts when it is shorter than a shingle; "Thanks" does not
CODED = 6  # characters of a line of one or two words, a code or password, that counts within a line too
# Lines of these words alone greet, thank or close a letter, in notes as in replies.
_COURTESY = frozenset(
    "hi hello dear good morning afternoon evening day weekend how are you doing i we my our me us it this that is be "
    "the a an to for of in at on as and or so if any all again very much many too more soon now then there "
    "thank thanks thx please sorry welcome appreciated let know do not hesitate call come get back contact reply "
    "answer write ask tell help support questions question further anything else need have has can could will would "
    "your patience time understanding reading message mail email news hear hearing from look looking forward with "
    "best kind kindest warm regards wishes greetings yours sincerely faithfully truly cheers take care nice great "
    "hallo guten morgen tag abend liebe lieber sehr geehrte geehrter geehrten damen und herren vielen herzlichen "
    "besten dank danke bitte im voraus für ihre ihr ihnen sie wir ich mich uns die der das nachricht hilfe geduld "
    "verständnis bei fragen rückfragen gerne gern zur verfügung mit freundlichen freundlichem liebe viele beste "
    "herzliche grüße grüssen grüßen gruß schönen noch einen rufen melden zurück "
    "bonjour bonsoir cher chère madame monsieur mesdames messieurs merci beaucoup bien de d'avance votre vos vous "
    "nous je pour le la les un une aide réponse patience compréhension message à cordialement sincères salutations "
    "meilleures l'expression sentiments bonne journée soirée s'il plaît rappelez rappeler moi reste restons "
    "disposition "
    "hola buenos buenas días tardes noches estimado estimada estimados muchas muchos gracias por su sus tu ayuda "
    "respuesta paciencia comprensión mensaje atención de antemano favor llámeme llámenos un una el los las "
    "cordial saludo saludos cordiales atentamente atentos quedo quedamos a disposición que tenga buen "
    "día".casefold().split()
)
# Beside these a word is the name of a department.
_ROLES = frozenset(
    "department dept team group unit division desk office staff people colleague colleagues crew guys folks "
    "abteilung gruppe referat bereich kollege kollegin kollegen kolleginnen leute mitarbeiter "
    "service équipe groupe département bureau collègue collègues gens "
    "departamento equipo grupo área oficina colega colegas compañero compañeros gente".casefold().split()
)
_BESIDE = 2  # words between such a word and the name, and it
# Directly behind these a capital letter makes it a name.
_BEFORE = frozenset(
    {"to", "from", "by", "via", "ask", "asked", "tell", "told", "call", "called", "contact", "inform", "à", "chez"}
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")  # an underscore is an emphasis mark
_NO_WORD = {ordinal: " " if seen(chr(ordinal)) else "" for ordinal in range(128) if not chr(ordinal).isalnum()}
_Run = tuple[str, ...]  # consecutive words
_RUNNING = bytes([True] * SHINGLE)


def _words(text: str) -> list[str]:
    """The words as a reader sees them: no soft hyphen, zero-width mark or wide letter makes two of one."""
    return [*chain.from_iterable(_lines(text))]


def _runs(words: Sequence[str], length: int) -> Iterator[_Run]:
    """Every run of so many consecutive words."""
    return zip(*(words[start:] for start in range(length)), strict=False)


def _lines(text: str) -> list[_Run]:
    """The words of each line that has any; no word goes over the end of a line."""
    return [words for line in text.splitlines() if (words := _in_line(line))]


def _in_line(line: str) -> _Run:
    """The words of a line in lower case. Most lines can simply be split, in a quarter of the time of the expression."""
    if line.isascii() and "'" not in line:
        return tuple(line.casefold().translate(_NO_WORD).split())
    return tuple(_WORD.findall(seen(line).casefold()))


def _short(lines: Iterable[_Run]) -> Iterator[_Run]:
    """Whole lines shorter than a shingle; of one or two words those that hold a digit: a code, a password."""
    for words in lines:
        coded = any(mark.isdigit() for word in words for mark in word)
        if len(words) < SHINGLE and (len(words) >= SHORT_LINE or coded):
            yield words


def _runs_of_lines(lines: Sequence[_Run], wanted: Collection[_Run]) -> set[_Run]:
    """Which of `wanted` are whole lines or runs of them, shorter than a shingle: a program may have wrapped a line."""
    firsts = {run[0] for run in wanted}
    runs: set[_Run] = set()
    for start in range(len(lines) if wanted else 0):
        if lines[start][0] not in firsts:
            continue
        run: _Run = ()
        for words in lines[start : start + SHINGLE]:
            run += words
            if len(run) >= SHINGLE:
                break
            if run in wanted:
                runs.add(run)
    return runs


def leak(
    texts: str | Iterable[str],
    *,
    internal: Iterable[str],
    public: Iterable[str],
    hidden_names: Iterable[str],
    keys: Iterable[str] = (),
    titles: Iterable[str] = (),
) -> str:
    """The internal words that a text would give away, or an empty string.

    `texts` may be several, such as the pieces of a large file: one at a time is looked at.
    `internal` and `public` are the texts of notes and of everything the requester wrote
    or was sent; `hidden_names` are names never to be shown; `keys` reply keys found in the text.
    `titles` are subjects of other tickets: they were chosen for being like this one, so that a
    short one counts as a line of its own alone.
    """
    guarded = _Guarded.of(tuple(internal), tuple(titles), hidden_names)
    shown: dict[_Run, None] = {}
    names: dict[_Run, str] = {}
    for text in (texts,) if isinstance(texts, str) else texts:
        lines = _lines(text)
        words = [*chain.from_iterable(lines)]
        if not words:  # most replies publish no values of commands: nothing is compared with every note
            continue
        near = guarded.near(frozenset(words))
        said = _among(words, {*near.short, *guarded.names})
        names |= {run: name for run, name in guarded.names.items() if run in said and _counts(name, text)}
        told = (said & near.short) | _runs_of_lines(lines, frozenset(near.lines))
        shown |= dict.fromkeys(filter(near.shingles.__contains__, _runs(words, SHINGLE)))
        shown |= dict.fromkeys(each for each in near.lines if each in told)
    known = _known(public, {*shown, *names})
    for wanted, name in names.items():
        if wanted not in known:
            return name
    for key in keys:
        return key
    return next((" ".join(each) for each in shown if each not in known), "")


@dataclass(frozen=True, slots=True)
class _Near:
    """What of the guarded texts another text may give away by its words, whatever their order."""

    shingles: frozenset[_Run]
    short: frozenset[_Run]  # lines that count wherever their words stand
    lines: tuple[_Run, ...]  # these, and those that count as whole lines alone


@dataclass(frozen=True, slots=True)
class _Guarded:
    """What no text may give away, as the words of its lines; and names."""

    notes: tuple[list[_Run], ...]
    titles: tuple[list[_Run], ...]
    names: dict[_Run, str]

    @classmethod
    def of(cls, internal: Sequence[str], titles: Sequence[str], hidden_names: Iterable[str]) -> _Guarded:
        return cls(
            notes=tuple(map(_lines, internal)),
            titles=tuple(map(_lines, titles)),
            names={wanted: name for name in hidden_names if (wanted := tuple(_words(name)))},
        )

    def near(self, vocabulary: frozenset[str]) -> _Near:
        """What a text of these words may give away.

        Nearly every note shares no six words running with a reply: then none of its shingles is made, which would take
        three times as long as the test.
        """
        lines = ([line for one in some for line in one] for some in (self.notes, self.titles))
        short, titled = ([*_short(filter(vocabulary.issuperset, some))] for some in lines)
        texts = ([*chain.from_iterable(one)] for one in (*self.notes, *self.titles))
        shared = (words for words in texts if _RUNNING in bytes(map(vocabulary.__contains__, words)))
        return _Near(
            shingles=frozenset(chain.from_iterable(_runs(words, SHINGLE) for words in shared)),
            short=frozenset(filter(_tells, short)),
            lines=tuple(line for line in dict.fromkeys((*short, *titled)) if not _COURTESY.issuperset(line)),
        )


def _counts(name: str, text: str) -> bool:
    """Whether the name of a department that stands in a text is used as one."""
    return not _is_word(name) or _is_used(name, text)


def _is_word(name: str) -> bool:
    """Whether a name is a word that may mean something else: of letters alone, none within it a capital one."""
    return name.isalpha() and name in (name.lower(), name.capitalize(), name.upper())


def _is_used(name: str, text: str) -> bool:
    """Whether a name of one word is used as one somewhere: with its role, or where only a name can stand."""
    typed = _WORD.findall(seen(text))
    words = [word.casefold() for word in typed]
    for at, word in enumerate(words):
        if word != name.casefold():
            continue
        if not _ROLES.isdisjoint(words[max(0, at - _BESIDE) : at + _BESIDE + 1]):
            return True
        if typed[at] == name.capitalize() and at and words[at - 1] in _BEFORE:
            return True
    return False


def _known(public: Iterable[str], wanted: Collection[_Run]) -> set[_Run]:
    """Those of `wanted` that stand in a public text."""
    return _among(_words("\n".join(public)), wanted) if wanted else set()


def _among(words: Sequence[str], wanted: Collection[_Run]) -> set[_Run]:
    """Those of `wanted` that stand in these words: one pass a length, however many are wanted."""
    lengths = {len(each) for each in wanted}
    return {run for length in lengths for run in _runs(words, length) if run in wanted}


def _tells(words: Sequence[str]) -> bool:
    """Whether a shorter line counts wherever its words stand: a sentence, a code, a password; not "thanks" or a 7."""
    text = "".join(words)
    return len(words) >= SHORT_LINE or (len(text) >= CODED and any(mark.isdigit() for mark in text))
