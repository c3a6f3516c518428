"""The subject line: ticket tokens and reply prefixes.

The syntax alone: whether a ticket of this number exists is not looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from mailgate.settings import Desk

NO_SUBJECT = "(no subject)"
CONFIDENTIAL = "(confidential)"  # stands for a subject that is not shown
# What readers are told instead, by language. Here and not among the phrases, since answers bring it back.
_UNTITLED = {"en": NO_SUBJECT, "de": "(kein Betreff)", "fr": "(sans objet)", "es": "(sin asunto)"}
_UNSHOWN = {"en": CONFIDENTIAL, "de": "(vertraulich)", "fr": "(confidentiel)", "es": "(confidencial)"}
_LONGEST = 4096  # characters of a subject that are looked at and kept
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3010: 0x5B, 0x3011: 0x5D}

# Re:, Fwd: and their kin as mail programs of the world write them. Words that open an
# ordinary subject in some language ("ref:", "ha:", "doc:") are left out on purpose.
_WORDS = (
    "re|fwd?|aw|antw|antwort|wg|weitergeleitet|sv|vs|vb|vl|r|i|rif|ris|inoltro|inoltra|rv|res|enc|tr|réf|rép|doorst"
    "|odp|pd|ynt|ilt|atb|pārs|bls|trs|tov[aá]bb[ií]t[aá]s|vá|fvs|edasi"
    "|απ|σχετ|πρθ|отв|ответ|пересл|переслано|перенаправлено|відповідь"
    "|回复|答复|回覆|转发|轉寄|轉發|返信|転送|회신|답장|전달|תגובה|הועבר|رد|إعادة توجيه"
)
_COUNT = r"(?:\s?(?:\[[0-9]{1,3}\]|\([0-9]{1,3}\))|[\^*]?[0-9]{1,3})?"  # Re[2]: Re(2): Re^2: Re2:
_PREFIX = rf"(?:(?:{_WORDS}){_COUNT}\s{{0,3}}:\s*)+"
_MARK = r"(?:\[[^\[\]]{1,40}\]|\*{2,}+[^*]{1,30}\*{2,}+)\s?"  # "[EXTERNAL] ", "[users] ", "*** SPAM *** "
_BEHIND_MARKS = re.compile(rf"((?:{_MARK})*+){_PREFIX}", re.IGNORECASE)
_CUT = 25  # characters that a subject which was cut has at least
# What gateways put in front: "[EXTERNAL] ", "*** SPAM *** ".
_GATEWAY = re.compile(r"(?:[\[({<*]+\s?(?:ext|extern\w*|suspected|possible|spam)\b[^\])}>*]{0,30}[\])}>*]+\s?)+")
_DIGITS = re.compile(r"\d+")
_BRACKETED = re.compile(r"\[ ?fwd?: ?(.+?) ?\]", re.IGNORECASE)  # "[Fwd: Portal is down]"


def tokens(subject: str, desk: Desk) -> tuple[int, ...]:
    """Ticket numbers of the tokens in a subject, from the left, each once."""
    found = _token_pattern(desk.token, desk.old_tokens).finditer(_plain(subject))
    return tuple(dict.fromkeys(int(next(filter(None, match.groups()))) for match in found))


def strip_subject(subject: str, desk: Desk) -> str:
    """The subject without tokens and reply prefixes, never empty ("(no subject)").

    Prefixes behind marks of gateways and lists go, too; the marks stay: "[EXT] Re: Printer" is "[EXT] Printer".
    What is longer than 4096 characters is cut there.
    """
    subject = subject[:_LONGEST]
    for token in reversed([*_token_pattern(desk.token, desk.old_tokens).finditer(_plain(subject))]):
        subject = f"{subject[: token.start()]} {subject[token.end() :]}"
    subject = " ".join(subject.split())
    while True:
        if prefix := _BEHIND_MARKS.match(_plain(subject)):
            subject = f"{subject[: prefix.end(1)]}{subject[prefix.end() :]}".rstrip()
        elif whole := _BRACKETED.fullmatch(subject):
            subject = whole[1]
        else:
            return NO_SUBJECT if not subject or subject in _UNTITLED.values() else subject


def titled(subject: str, *languages: str) -> str:
    """The subject; for none, or one not shown, what that is called in the first language that has a name for it."""
    names = {"": _UNTITLED, NO_SUBJECT: _UNTITLED, CONFIDENTIAL: _UNSHOWN}.get(subject)
    if names is None:
        return subject
    tags = (each.partition("-")[0].lower() for each in languages)
    return names[next((tag for tag in tags if tag in names), "en")]


def own_subject(subject: str, known: Iterable[str], desk: Desk) -> str:
    """The bare subject of a mail on a ticket that is called, or was called, `known`; "" where it says the same.

    It does without case and white space, cut at the end as in links, and behind a mark of a gateway.
    """
    bare, called = strip_subject(subject, desk), [_essence(each, desk) for each in known]
    said = _essence(bare, desk)
    cut = len(said) >= _CUT and any(each.startswith(said) for each in called)
    return "" if bare in (NO_SUBJECT, *_UNSHOWN.values()) or cut or said in called else bare


def _essence(subject: str, desk: Desk) -> str:
    return strip_subject(_GATEWAY.sub("", " ".join(subject.split()).casefold()), desk)


def likeness(subject: str, desk: Desk) -> str:
    """The bare subject, the same for "Disk 91 % full on web3" and "Disk 94 % full on web12"."""
    return _DIGITS.sub("0", strip_subject(subject, desk).casefold())


def _plain(subject: str) -> str:
    """Bounded, with full-width signs (East Asian keyboards) as plain ones; places stay the same."""
    subject = subject[:_LONGEST]
    return subject if subject.isascii() else subject.translate(_NARROW)


@lru_cache(maxsize=16)
def _token_pattern(token: str, old_tokens: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern for `[#{number}]` and the like, with white space allowed inside."""
    return re.compile("|".join(_one_token(text) for text in (token, *old_tokens)), re.IGNORECASE)


def _one_token(token: str) -> str:
    before, _, after = token.translate(_NARROW).partition("{number}")
    opening = r"\s*".join(map(re.escape, "".join(before.split())))
    closing = r"\s*".join(map(re.escape, "".join(after.split())))
    guard = r"(?<!\w)" if before[:1].isalnum() or not before else ""
    return rf"{guard}{opening}\s*([0-9]{{1,15}})(?![0-9])\s*{closing}"
