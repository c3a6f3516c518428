"""Lines that announce quoted mail: "On … wrote:", header blocks, separators, forwards.

Each question is one small test on a line or a few, anchored and linear in its input.
Which lines are cut because of the answers is `mailgate.reading.quotes.split`'s decision.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailgate.reading.quotes import phrases

MAX_ATTRIBUTION = 400  # characters
MAX_UNDATED = 120  # characters
MAX_LINE = 1000  # characters of a line that are looked at
WROTE = frozenset(phrases.WROTE.split())
STARTS = frozenset(phrases.ON.split())
LABELS = {
    word.replace("_", " "): field
    for field, words in (
        ("to", phrases.TO),
        ("sent", phrases.SENT),
        ("subject", phrases.SUBJECT),
        ("from", phrases.FROM),
    )
    for word in words.split()
}
ANSWER_PREFIXES = frozenset(phrases.ANSWER_PREFIXES.split())
FORWARD_PREFIXES = frozenset(phrases.FORWARD_PREFIXES.split())
CJK_WROTE = ("写道", "寫道", "書きました", "작성", "のメール", "님이")
EMAIL = re.compile(r"[^\s<>()\"':;,]{1,64}@[^\s<>()\"':;,]{1,100}\.[a-z]{2,}", re.IGNORECASE)
TIME = re.compile(r"\d{1,2}[:.h]\d{2}")
DATE = re.compile(r"\b\d{4}\b|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}\.? \w{3,}|年")
LABEL = re.compile(r"^[\s*_>|]{0,6}([^\W\d_][^:：\n]{0,18}?)[\s*_]{0,3}[:：]")
BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # direction marks around names and addresses
# "2. Nov 2026 …" and "Mon, 2 Nov …": languages without a word for "on".
DATED = re.compile(r"^(?:[^\W\d_]{1,14}[.,]{0,2} )?\d{1,4}(?:[./年년-]|\.? ?[^\W\d_])")
NAMED = re.compile(r"^[^<>@:]{1,60}<[^<>@\s]{1,64}@[^<>@\s]{1,200}>")
OLD_GMAIL = re.compile(r"^\d{4}[/-]\d{1,2}[/-]\d{1,2} [^<>@]{1,80}<[^<>@\s]{1,64}@[^<>@\s]{1,200}>$")
WORD = re.compile(r"[^\s,;:<>()\"“”'*]+")
RULE = re.compile(r"^[-_=*–—―]{2,}\s*([^-_=*–—―].{2,60}?)\s*[-_=*–—―]{2,}")
DASHES = tuple("-_=*–—―")
BARE_RULE = re.compile(r"^\s*[-_=–—]{5,}\s*$")
FORWARD_SUBJECT = re.compile(r"^\s*(?:re|aw|sv|antw)?\s*:?\s*([^\s:：\[\]]{1,12})\s*[:：]", re.IGNORECASE)


def is_attribution(text: str) -> bool:
    """True for a line like "On 3 May 2026 at 10:00, Ann <ann@…> wrote:" in any known language."""
    text = " ".join(BIDI.sub("", text[: 2 * MAX_ATTRIBUTION]).split())
    ruled = text.startswith("--") and text.endswith("--")  # Zoho and Notes draw rules around it
    if ruled:
        text = text.strip("- :") + ":"
    if not 8 <= len(text) <= MAX_ATTRIBUTION or not text.endswith((":", "：", ":*", ": *", ":_")):
        return _is_open_attribution(text)
    when = has_date(text)
    email = bool(EMAIL.search(text))
    if any(verb in text for verb in CJK_WROTE):
        return when or email
    said = any(word.lower().rstrip("(a)") in WROTE or word.lower() in WROTE for word in WORD.findall(text)[-8:])
    said = said or _says_early(text)
    return (said and (when or email or ruled)) or (email and when and not LABEL.match(text))


def is_undated(text: str) -> bool:
    """True for "On Monday Ann wrote:" and "Ann Key wrote:": believed only right above the quote that ends a mail."""
    words = WORD.findall(text) if len(text) <= MAX_UNDATED and text.rstrip(" *_").endswith((":", "：")) else []
    said = [word.lower() in WROTE for word in words]
    if len(words) < 2 or not any(said):
        return False
    if words[0].lower() in STARTS:
        return len(words) > 2
    return len(words) <= 4 and said[-1] and all(len(word) > 1 and word[0].isupper() for word in words[:-1])


def has_date(text: str) -> bool:
    """True when a line names a time or a date."""
    return bool(TIME.search(text) or DATE.search(text))


def _says_early(text: str) -> bool:
    """The verb stands early in some: "Am 3. Mai 2026 schrieb Ann <…>:"."""
    return any(word.lower() in WROTE for word in WORD.findall(text)[:16])


def _is_open_attribution(text: str) -> bool:
    """Gmail in some languages, and Gmail of old, ends without a colon: "… <ann@…> tarihinde yazdı"."""
    if len(text) > MAX_ATTRIBUTION:
        return False
    return text.endswith((" şunu yazdı", "님이 작성", "写道", "のメール")) or bool(OLD_GMAIL.match(text))


def is_certain(text: str) -> bool:
    """An attribution that needs no quote below it to be believed."""
    words = WORD.findall(text[:MAX_ATTRIBUTION].lstrip("- "))
    return (
        bool(words)
        and is_attribution(text)
        and words[0].lower().rstrip(".") in STARTS
        and bool(TIME.search(text) or EMAIL.search(text))
    )


def is_certain_line(text: str) -> bool:
    """The same where it begins with the date or the name: it must stand on one line, and tell the address and time."""
    if "@" not in text:
        return False
    line = BIDI.sub("", text[: 2 * MAX_ATTRIBUTION]).strip()
    begins = DATED.match(line) or NAMED.match(line)
    told = bool(begins and EMAIL.search(line) and TIME.search(line) and DATE.search(line))
    return told and line.endswith((":", "：")) and is_attribution(line)


def label(line: str) -> str:
    """Which header field a line names: "from", "sent", "to", "subject", or nothing."""
    head = line[:120]
    found = LABEL.match(head) if ":" in head or "：" in head else None
    return LABELS.get(found[1].strip().lower(), "") if found else ""


def is_header_block(lines: Sequence[str]) -> bool:
    """True when the lines open with a copied header: From with two more of Sent, To, Subject."""
    kinds: set[str] = set()
    misses = 0
    for line in lines[:9]:
        if not line.strip():
            if len(kinds) >= 2:
                break
            continue
        kind = label(line)
        misses = 0 if kind else misses + 1  # a long To runs on over several lines
        if misses > 2:
            break
        kinds.add(kind)
    kinds.discard("")
    return "from" in kinds and len(kinds) >= 3


def is_original(line: str) -> bool:
    """-----Original Message----- and its translations."""
    return _ruled(line, phrases.ORIGINAL)


def is_forward(line: str) -> bool:
    """---------- Forwarded message ----------, "Begin forwarded message:" and translations."""
    if _ruled(line, phrases.FORWARDED):
        return True
    if not line.rstrip("*_ ").endswith((":", "：")) or len(line) > 120:
        return False
    return " ".join(line.lower().replace("：", ":").split()).strip("*_ >") in phrases.FORWARD_LINES


def is_rule(line: str) -> bool:
    """A line of nothing but a long rule, as Outlook draws one above what it quotes."""
    return line.lstrip().startswith(DASHES) and bool(BARE_RULE.match(line[:200]))


def _ruled(line: str, words: Sequence[str]) -> bool:
    head = line[:120].lstrip(" >*\t")
    found = RULE.match(head) if head.startswith(DASHES) else None
    if not found:
        return False
    plain = " ".join(found[1].replace("İ", "i").lower().split()).strip(" :*")  # lower() makes two characters of it
    return any(plain == word or plain.startswith((word + " ", word + ":")) for word in words)


def answers(subject: str) -> bool:
    """True when the subject says that the mail answers another (RFC 5322 3.6.5)."""
    head = subject[:20].lower().replace("：", ":").partition(":")
    return bool(head[1]) and head[0].strip(" []0123456789") in ANSWER_PREFIXES


def forwards(subject: str) -> bool:
    """True when the subject says that the mail forwards another."""
    found = FORWARD_SUBJECT.match(subject)
    return bool(found) and found[1].lower().rstrip(".") in FORWARD_PREFIXES  # type: ignore[index]
