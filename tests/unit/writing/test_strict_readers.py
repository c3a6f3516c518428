"""Every kind of mail as strict programs read it: parsed by a second parser, in the worst of circumstances.

What writes mail here is `outbound.compose`; what reads it are the standard library and `inbound.parse`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from mailgate.notice import NoticeKind
from mailgate.phrase import Phrase
from mailgate.reading.encodings.flowed import join
from mailgate.reading.parse import parse
from mailgate.ticket import Address, StoredAttachment
from tests.notices import ANN, BUILT, FULL, INVOICE, MESSAGE, NOTE, PDF, notice, read, whole, write

K = NoticeKind
LONG_ID = "<" + "x" * 200 + "@mail.client.example>"
GREEK = "Η πύλη δεν λειτουργεί και κανείς δεν μπορεί να συνδεθεί από το πρωί, παρακαλώ βοηθήστε μας αμέσως"
NAMES = (
    "naïve – résumé, final (2).pdf",
    "発注書 2026年11月 改訂版 最終 確認済み 添付資料その三.pdf",
    'quote"back\\slash.pdf',
    "a" * 110 + ".pdf",
)
FILES = tuple(StoredAttachment(name, "application/pdf", 19, INVOICE.sha256) for name in NAMES)
WORST = {
    "text": f"{GREEK}\n\n> quoted\n  indented code\nFrom here on a line is longer than mail programs like it to be.",
    "facts": ("It answers ticket 990 — which ended too long ago to be reopened; nobody has said a word since.",),
    "attachments": FILES,
    "history": (NOTE, replace(MESSAGE, text=GREEK, author=Address("k@client.example", "Κάρεν Πελάτης"))),
    "in_reply_to": LONG_ID,
    "references": (LONG_ID, "<1@client.example>"),
    "by": Address("karen@client.example", "Κάρεν Πελάτης-Παπαδοπούλου του Δημητρίου"),
}
WHERE = [(kind, False) for kind in BUILT] + [(kind, True) for kind in BUILT]


def written(kind: NoticeKind, *, worst: bool) -> bytes:
    made = notice(kind)
    if worst:
        ticket = replace(FULL, subject=GREEK + " with ASCII at its end")
        made = replace(made, **WORST, **({"ticket": ticket} if made.ticket else {"subject": GREEK}))
        if kind.to_requester:
            made = replace(made, facts=(Phrase("told.resolved"),), cc=(ANN, Address("j@client.example", "J, “R” Ω")))
    return whole(write(made), {INVOICE.sha256: PDF})


def shown(part: EmailMessage) -> str:
    return str(part.get_content()).replace("\r\n", "\n").rstrip("\n")


@pytest.mark.parametrize(("kind", "worst"), WHERE)
def test_nothing_is_wrong_with_the_form_of_any_mail(kind: NoticeKind, worst: bool):
    data = written(kind, worst=worst)
    message = read(data)
    assert not [defect for part in message.walk() for defect in part.defects]
    assert not [defect for part in message.walk() for _, field in part.items() for defect in field.defects]
    assert not parse(data).defects
    for line in data.split(b"\r\n\r\n")[0].split(b"\r\n"):
        assert len(line) <= 78 or line.split()[-1] == LONG_ID.encode(), "only an id is longer, and it is whole"
    assert max(map(len, data.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(("kind", "worst"), WHERE)
def test_both_parsers_read_the_same_mail(kind: NoticeKind, worst: bool):
    data = written(kind, worst=worst)
    theirs, ours = read(data), parse(data)
    text, html = theirs.get_body(("plain",)), theirs.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content_charset() == html.get_content_charset() == "utf-8"
    assert (text["content-type"].params["format"], text["content-type"].params["delsp"]) == ("flowed", "no")
    assert join(shown(text)) == ours.text.rstrip("\n")
    assert shown(html) == ours.html.rstrip("\n")
    assert str(theirs["subject"]) == ours.subject
    assert [(each.addr_spec, each.display_name) for each in theirs["to"].addresses] == [
        (each.email, each.name) for each in ours.to
    ]
    assert str(theirs["message-id"]) == ours.message_id
    assert tuple(str(theirs["references"] or "").split()) == ours.references
    names = [part.get_filename() for part in theirs.iter_attachments()]
    assert names == [file.name for file in ours.attachments]


def test_hostile_and_foreign_names_of_files_arrive_whole():
    names = [part.get_filename() for part in read(written(K.REPLY, worst=True)).iter_attachments()]
    assert names == [NAMES[0], NAMES[1], "slash.pdf", NAMES[3]]


class _Visible(HTMLParser):
    """The text of a page that a reader sees."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden or tag == "head" or "display:none" in (dict(attrs).get("style") or ""):
            if tag not in ("meta", "br"):
                self._hidden.append(tag)
        elif tag in ("p", "td", "th", "tr", "h2", "br", "div"):
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden and self._hidden[-1] == tag:
            self._hidden.pop()

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w[\w@.:/#-]*\w|\w", text))


# A report's tables hold fewer rows as HTML, and its bars are numbers there; the wide tables of an answer have no
# headings as text; how to rate is told by links there and by hand here: they have tests of their own.
@pytest.mark.parametrize(
    ("kind", "worst"), [each for each in WHERE if each[0] not in (K.REPORT, K.ANSWER, K.STATUS_CHANGED)]
)
def test_text_and_html_say_the_same(kind: NoticeKind, worst: bool):
    mail = parse(written(kind, worst=worst))
    page = _Visible()
    page.feed(mail.html)
    text = re.sub(r"(?m)^\[\d+\] .+: mailto:\S+$| \[\d+\](?=   ?\w|$)", "", mail.text)
    text = re.sub(r"(?m)^(.+): mailto:\S+$", r"\1", text)
    assert words("".join(page.words)) == words(text)
