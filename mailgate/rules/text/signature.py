"""Signatures: the end of a mail that says who wrote it, and nothing besides.

Known by four signs: the configuration has it; the person's mails end with it; a `-- ` line or a mark of the mail
program stands above it; it is a closing formula with the person's name, and at most lines like a job, an address or
a number below. Lines of phones ("Sent from my iPhone") are never text. What holds a sentence is somebody's text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from mailgate.reading.quotes.device_lines import is_device_line
from mailgate.rules.text.cleanup import visible
from mailgate.rules.text.closings import FORMULAS, THANKS, formula

LONGEST = 14  # lines of a signature, blank ones aside
_LONGEST_LINE = 2000  # characters of one: a disclaimer may stand on one line
_DETAIL = 70  # characters, and
WORDS = 10  # words of a line below the name
_SENTENCE = 5  # words of a line that ends like a sentence
_NAMED = 6  # words of the line with the name
_POSTSCRIPT = re.compile(r"p\.? ?s\b", re.IGNORECASE)
_CONTACT = re.compile(r"\S@\S|www\.|https?://|(?:\d[\s()/.-]{0,3}){6}")
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Signer:
    """How a person signs: their name, and signatures that are configured or were learned.

    `endings` are those of their earlier mails, as `ending` gives them.
    """

    name: str = ""
    signatures: tuple[str, ...] = ()
    endings: tuple[tuple[str, ...], ...] = ()


NOBODY = Signer()


def only_signature(rest: Sequence[str], signer: Signer = NOBODY, *, thanks: bool = True) -> bool:
    """True if `rest` is blank or a signature.

    It is a block below a `-- ` line, signatures that are known, a closing, and device lines, in any order; blank
    lines do not count. `thanks`: "Thanks" above the name is a closing too.
    """
    lines = [line for line in rest if _fold(line)]
    folded = [_fold(line) for line in lines]
    if "--" in folded:
        del lines[folded.index("--") :], folded[folded.index("--") :]
    if any(len(line) > _LONGEST_LINE for line in lines):
        return False
    known = [block for block in map(_folded, signer.signatures) if block]
    while lines:
        blocks = (len(block) for block in known if folded[-len(block) :] == block)
        tail = 1 if is_device_line(folded[-1]) else max(blocks, default=0)
        if not tail:
            return _is_closing(lines, signer.name, thanks=thanks) or _seen(lines, signer)
        del lines[-tail:], folded[-tail:]
    return True


def signature_of(text: str, signer: Signer) -> str:
    """The signature that a text ends with, as it stands there; "" without one."""
    lines = text.rstrip().split("\n")
    written = 0
    found = ""
    for place in range(len(lines) - 1, -1, -1):
        if not visible(lines[place]):
            continue
        written += 1
        if written > LONGEST:
            break
        tail = lines[place:]
        if only_signature(tail, signer):
            found = "\n".join(tail)
    return found


def unsigned(text: str, signer: Signer) -> str:
    """The text without the signature at its end; a closing formula that names nobody stays."""
    block = signature_of(text, signer)
    lines = [formula(line) for line in block.split("\n") if visible(line)]
    if all(each in FORMULAS or each in THANKS for each in lines):
        return text
    return text.rstrip().removesuffix(block).rstrip()


def is_signed(text: str, name: str) -> bool:
    """Whether the end of a text names its author already."""
    last = [line for line in text.split("\n") if visible(line)][-LONGEST:]
    return any(_is_name(line, name) for line in last[-3:]) or _names(signature_of(text, Signer(name)), name)


def _names(block: str, name: str) -> bool:
    return any(_is_name(line, name) for line in block.split("\n"))


def _is_closing(lines: Sequence[str], name: str, *, thanks: bool) -> bool:
    """Whether lines are a formula, the name and details; or the whole name and details."""
    said = [formula(line) for line in lines]
    closes = next((at for at, each in enumerate(said) if each not in FORMULAS and each not in THANKS), len(said))
    sure = any(each in FORMULAS for each in said[:closes])
    if closes == len(said):
        return sure
    if closes and not (sure or thanks):
        return False
    first, *details = lines[closes:]
    named = _is_name(first, name) if closes else _is_whole_name(first, name, alone=not details)
    return named and len(lines) <= LONGEST and all(map(_is_detail, details))


def _is_name(line: str, name: str) -> bool:
    """Whether a line begins with the person's first or last name, or is their initials."""
    parts = [part.casefold() for part in WORD.findall(name)]
    words = [word.casefold() for word in WORD.findall(visible(line))]
    if not parts or not words or len(words) > _NAMED:
        return False
    initials = "".join(part[0] for part in parts)
    return words[0] in parts or "".join(words) in (initials, initials[0])


def _is_whole_name(line: str, name: str, *, alone: bool) -> bool:
    """Whether a line is the person's whole name, in any order, and at most a title beside it.

    `alone`: nothing stands below it, so that the first name will do.
    """
    parts = [part.casefold() for part in WORD.findall(name)]
    if alone and parts and [word.casefold() for word in WORD.findall(visible(line))] == parts[:1]:
        return True
    said, *beside = re.split(r"\s*[|,/•·–—(-]\s*|\s{2,}", visible(line), maxsplit=1)
    words = [word.casefold() for word in WORD.findall(said)]
    swapped = sorted(parts) == sorted(word.casefold() for word in WORD.findall(visible(line)))
    return len(parts) > 1 and (words == parts or swapped) and all(map(_is_detail, beside))


def _is_detail(line: str) -> bool:
    """Whether a line may stand below a name: a job, a company, an address, a number; no sentence, no postscript."""
    said = visible(line)
    words = said.split()
    ends = said.endswith(("?", "!", "？")) or (len(words) >= _SENTENCE and said.endswith((".", "。")))
    return len(said) <= _DETAIL and len(words) <= WORDS and not ends and not _POSTSCRIPT.match(said)


# ── learned ─────────────────────────────────────────────────────────────────────────────


def ending(text: str) -> tuple[str, ...]:
    """The last lines of a mail as digests, the last one first, so that none of its words are kept."""
    folded = [_fold(line) for line in text.split("\n")]
    return tuple(map(_digest, [line for line in reversed(folded) if line][: LONGEST + 1]))


def learned(text: str, signer: Signer) -> str:
    """The signature that a mail shares with an earlier one, as it stands in `text`; "" for none.

    Two lines at least are the same, other text stands above them in both, and they say who somebody is.
    """
    own = ending(text)
    shared = max((_shared(own, earlier) for earlier in signer.endings), default=0)
    lines = text.rstrip().split("\n")
    places = [place for place in range(len(lines) - 1, -1, -1) if _fold(lines[place])]
    for size in range(shared, 1, -1):
        block = lines[places[size - 1] :]
        if _tells_who(block, signer.name):
            return "\n".join(block)
    return ""


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many last lines are the same, where both have more."""
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return same if same < len(one) and same < len(other) else 0


def _seen(lines: Sequence[str], signer: Signer) -> bool:
    """Whether an earlier mail ended with just these lines, below other text.

    A line alone that names nobody ("fixed", "please advise") is an answer, unless most mails end with it.
    """
    own = ending("\n".join(lines))
    before = sum(len(each) > len(own) and each[: len(own)] == own for each in signer.endings)
    if len(own) == 1 and not _says_who(lines, signer.name):
        return _tells_who(lines, signer.name) and before > max(1, len(signer.endings) // 2)
    return before > 0 and _tells_who(lines, signer.name)


def _tells_who(lines: Sequence[str], name: str) -> bool:
    """Whether lines are those of a signature: no sentence; or a formula, the name or a contact is among them."""
    written = [line for line in lines if visible(line)]
    return all(map(_is_detail, written)) or _says_who(written, name)


def _says_who(written: Sequence[str], name: str) -> bool:
    """Whether a formula, the name or a contact is among the lines."""
    return any(formula(line) in FORMULAS or _is_name(line, name) or _CONTACT.search(line) for line in written)


def _digest(line: str) -> str:
    return sha256(line.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _folded(text: str) -> list[str]:
    """The lines as they are compared, without blank ones."""
    return [line for line in map(_fold, text.split("\n")) if line]


def _fold(line: str) -> str:
    return visible(line).casefold().strip("*_")
