"""Lines that announce quoted mail: "On … wrote:", copied headers, separators, forwards.

By their shape first, and by the words of `phrases` where that leaves doubt. Each question is one small
test on a line or a few, anchored and linear in its input. Which lines are cut because of the
answers is `mailgate.reading.quotes.split`'s decision.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import takewhile

from mailgate.reading.quotes import phrases, shape
from mailgate.reading.quotes.shape import BIDI, EMAIL, MAX_ATTRIBUTION, TIME, Header, has_date

MAX_UNDATED = 120  # characters
WROTE = phrases.words("wrote")
STARTS = phrases.words("on")
LABELS = {
    word: kind for kind, name in (("to", "to"), ("sent", "sent"), ("subject", "subject"), ("from", "from_"))
    for word in phrases.words(name)
}  # fmt: skip
ANSWER_PREFIXES = phrases.words("answer")
FORWARD_PREFIXES = phrases.words("forward")
# "VS:" answers in Finnish and forwards in Danish and Norwegian: by such words of the first in what is copied.
AMBIGUOUS = ANSWER_PREFIXES & FORWARD_PREFIXES
ANSWERING = phrases.words_of("answer", AMBIGUOUS) - phrases.words_of("forward", AMBIGUOUS)
ORIGINAL, FORWARDED, ANNOUNCED = (phrases.lines(name) for name in ("original", "forwarded", "announced"))
# Verbs of languages that put no blank between words, or none before them.
JOINED = tuple(word for word in WROTE if not word.isascii() and any(ord(c) > 0x3000 for c in word))
OPEN_ENDS = (*JOINED, *(word for word in WROTE if " " in word))  # they end the line without a colon
# "2. Nov 2026 …" and "Mon, 2 Nov …": languages without a word for "on".
DATED = re.compile(r"^(?:[^\W\d_]{1,14}[.,]{0,2} )?\d{1,4}(?:[./年년-]|\.? ?[^\W\d_])")
NAMED = re.compile(r"^[^<>@:]{1,60}<[^<>@\s]{1,64}@[^<>@\s]{1,200}>")
OLD_GMAIL = re.compile(r"^\d{4}[/-]\d{1,2}[/-]\d{1,2} [^<>@]{1,80}<[^<>@\s]{1,64}@[^<>@\s]{1,200}>$")
WORD = re.compile(r"[^\s,;:<>()\"“”'*]+")
# What gateways and lists put in front: "[EXTERNAL] ", "{Spam?} ", "*** SPAM *** "; "EXTERNAL: " before a prefix.
_MARKS = re.compile(r"(?:\s*(?:[\[({<][^\[\](){}<>:]{1,40}[\])}>]|\*{2,8}[^*:]{1,40}\*{2,8}))*")
_LABEL = re.compile(r"[^\[\]:：]{2,40}[:：]")
_PREFIX = re.compile(r"\s*\[?([^\s:：\[\](){}^*\d]{1,12})(?:[\[(^*]{0,1}\d{1,3}[\])]?)?\s*[:：]")
# In whatever language between such marks, and without them in some.
REPLY_ABOVE = re.compile(
    r"##-.{5,100}-##\W*$"
    r"|(?:please )?(?:write|type|enter|reply|answer|respond)\b.{0,40}\babove this line\b.{0,60}$"
    r"|.{0,60}\b(?:(?:oberhalb|über) dieser (?:zeile|linie)|au-dessus de cette ligne|encima de esta línea"
    r"|sopra questa riga|acima desta linha|boven deze (?:regel|lijn))\b.{0,60}$",
    re.IGNORECASE,
)
_PRONOUNS = "i you he she it we they who what ich er sie wir il elle nous el ella"
PRONOUNS = frozenset(_PRONOUNS.split())
_DATE_FIRST = re.compile(r"(?:(?:[^\W\d_]{1,14} )?[^\W\d_]{1,14}[.,]{1,2} )?\d")  # "2 Nov …", "On Mon, 2 Nov …"
_SENTENCE_ENDS = (".", "!", "?", "。", "？", "！")


def is_attribution(text: str) -> bool:
    """True for a line like "On 3 May 2026 at 10:00, Ann <ann@…> wrote:", accepted above a quote."""
    text = " ".join(BIDI.sub("", text[: 2 * MAX_ATTRIBUTION]).split())
    if shape.is_attribution(text, strictly=False) or shape.may_be_attribution(text):
        return True
    ruled = text.startswith("--") and text.endswith("--")  # Zoho and Notes draw rules around it
    if ruled:
        text = text.strip("- :") + ":"
    if not 8 <= len(text) <= MAX_ATTRIBUTION or not text.endswith((":", "：", ":*", ": *", ":_")):
        return _is_open_attribution(text)
    when = has_date(text)
    email = bool(EMAIL.search(text))
    return (_says_wrote(text) and (when or email or ruled)) or (email and when and shape.field(text) is None)


def is_undated(text: str) -> bool:
    """True for "On Monday Ann wrote:" and "Ann Key wrote:": accepted only right above the quote that ends a mail."""
    words = WORD.findall(text) if len(text) <= MAX_UNDATED and text.rstrip(" *_").endswith((":", "：")) else []
    said = [word.lower() in WROTE for word in words]
    if len(words) < 2 or not any(said):
        return False
    if words[0].lower() in STARTS:
        return len(words) > 2
    names = [word for word in words[:-1] if word.lower() != "via"]  # "Ann Key via Forum wrote:"
    if not said[-1] or len(words) > 6 or any(word.lower() in PRONOUNS for word in names):
        return False
    handle = len(names) == 1 and len(names[0]) > 2  # a name that is one word may be written small
    return handle or (len(names) <= 4 and all(len(word) > 1 and word[0].isupper() for word in names))


def _says_wrote(text: str) -> bool:
    """Whether the verb stands near the end, or early: "Am 3. Mai 2026 schrieb Ann <…>:"."""
    words = [word.lower() for word in WORD.findall(text)]
    if any(verb in text for verb in JOINED):
        return True
    return any(word in WROTE or word.rstrip("(a)") in WROTE for word in (*words[:16], *words[-8:]))


def _is_open_attribution(text: str) -> bool:
    """Gmail in some languages, and Gmail of old, ends without a colon: "… <ann@…> tarihinde yazdı"."""
    if len(text) > MAX_ATTRIBUTION:
        return False
    return text.endswith(OPEN_ENDS) or bool(OLD_GMAIL.match(text))


def is_whole(text: str) -> bool:
    """One with date, time and bracketed address, by its order or by its verb."""
    return shape.is_attribution(text) or (shape.is_attribution(text, strictly=False) and _says_wrote(text))


def goes_on(above: str, below: str, *, apart: bool) -> bool:
    """Whether an attribution that ends with `below` begins with `above`; an empty line is between them if `apart`.

    "Kay wrote:" is one by itself. What stands above it is the sender's own, a time or an address in it
    notwithstanding ("I will come at 14:00."), unless it says when as only attributions do.
    """
    if not (is_attribution(below) or is_undated(below)):
        return True
    if (apart and not below.startswith("<")) or above.rstrip().endswith(_SENTENCE_ENDS) or _starts(below, str.istitle):
        return False
    begins = _starts(above) or bool(_DATE_FIRST.match(above.lstrip()))
    return (begins and shape.is_moment(above)) or (not apart and is_whole(f"{above} {below}"))


def _starts(text: str, written: Callable[[str], bool] = bool) -> bool:
    """Whether the first word is one that attributions begin with, "On", and is written so."""
    word = WORD.search(text[:MAX_ATTRIBUTION])
    return word is not None and word[0].lower().rstrip(".") in STARTS and written(word[0])


def is_certain(text: str) -> bool:
    """An attribution that needs no quote below it to be accepted."""
    if is_whole(text):
        return True
    words = WORD.findall(text[:MAX_ATTRIBUTION].lstrip("- "))
    begins = bool(words) and words[0].lower().rstrip(".") in STARTS
    if not begins or not is_attribution(text):
        return False
    # Sentences: "On 3 May 2026 at 10:00 please write to ann@a.example:", "On Monday at 10:00 I wrote down:".
    behind = list(takewhile(lambda word: word.lower() not in WROTE, reversed(words)))
    goes_on = bool(behind) and all(word.isalpha() and word.islower() for word in behind)
    return _says_wrote(text) and not goes_on and bool(TIME.search(text) or EMAIL.search(text))


def label(line: str) -> str:
    """Which header field a line names: "from", "sent", "to", "subject", or nothing."""
    found = shape.field(line)
    return LABELS.get(found.label, "") if found else ""


def copied_header(lines: shape.Lines, place: int, *, surely: bool = True) -> Header | None:
    """The copied header of a mail that begins at a line; None where there is none.

    Its labels say what the fields are where they are known; its values must be such as a mail's header has,
    and they are enough where no label is known. `surely` is False where a copied header is expected.
    """
    found = lines.header(place)
    if found is None:
        return None
    kinds = {LABELS[field.label] for field in found.fields if field.label in LABELS}
    # A journey has a From, a To and a date: without anybody's address the subject must be there.
    has_values = bool(found.people) or (found.dated and "subject" in kinds)
    named = "from" in kinds and len(kinds) >= 3
    return (
        found if found.is_mail or (named and (has_values or not surely)) or (not surely and found.may_be_mail) else None
    )


def size_at(lines: Sequence[str], place: int, test: Callable[[str], bool]) -> int:
    """On how many lines from a place on the announcing line stands that a test knows; 0 where it does not."""
    joined = ""
    for size, line in enumerate(lines[place : place + shape.MAX_WRAPPED], 1):
        joined = f"{joined} {line.strip()}".strip()
        if not line.strip() or len(joined) > MAX_ATTRIBUTION:
            return 0
        if test(joined):
            return size
    return 0


def is_header_line(line: str) -> bool:
    """A copied header on the one line that announces it, as Yahoo writes it: a rule, and an address behind it."""
    behind = shape.ruled(line)[1]
    return ("@" in behind) and bool(EMAIL.search(behind)) and any(mark in behind for mark in (": ", "："))


def is_reply_marker(line: str) -> bool:
    """The line of a help desk above which its reader shall write: "##- Please type your reply above this line -##"."""
    return bool(
        REPLY_ABOVE.match(line[:200].lstrip(" >*_-=#") if not line.lstrip().startswith("##-") else line[:200].lstrip())
    )


def is_original(line: str) -> bool:
    """-----Original Message----- and its translations."""
    return _is_ruled(line, ORIGINAL)


def is_forward(line: str) -> bool:
    """---------- Forwarded message ----------, "Begin forwarded message:" and translations."""
    if _is_ruled(line, FORWARDED):
        return True
    if not line.rstrip("*_ ").endswith((":", "：")) or len(line) > 120:
        return False
    return " ".join(line.lower().split()).strip("*_ >:：") in ANNOUNCED


def is_forward_line(line: str) -> bool:
    """Such words as all of a line, which announce a forwarded mail where its header stands below."""
    plain = " ".join(line[:120].lower().split()).strip("*_ :：")
    return plain in ANNOUNCED or plain in FORWARDED


def _is_ruled(line: str, words: Sequence[str]) -> bool:
    between = shape.ruled(line[:120])[0]
    if not between:
        return False
    plain = " ".join(between.replace("İ", "i").lower().split()).strip(" :*")  # lower() makes two of it
    return bool(plain) and any(plain == word or plain.startswith((word + " ", word + ":")) for word in words)


def answers(subject: str) -> bool:
    """True when the subject says that the mail answers another (RFC 5322 3.6.5)."""
    head = subject[:20].lower().replace("：", ":").partition(":")
    return bool(head[1]) and head[0].strip(" []0123456789") in ANSWER_PREFIXES


def prefix(subject: str) -> str:
    """The first prefix of a subject, behind the marks of gateways and lists; "" for none.

    It says what the mail does: "Re: Fwd: Printer" answers, "Fwd: Re: Printer" forwards.
    """
    subject = subject[:200]
    start = _MARKS.match(subject).end()  # type: ignore[union-attr]
    label = _LABEL.match(subject, start)
    for place in (start, label.end() if label else start):
        found = _PREFIX.match(subject, place)
        word = found[1].lower().rstrip(".") if found else ""
        if word in ANSWER_PREFIXES or word in FORWARD_PREFIXES:
            return word
    return ""
