"""Copied mail is known by its shape, in languages of which no word is known."""

from __future__ import annotations

import pytest

from mailgate.mail import Body
from mailgate.reading.body import read_body
from mailgate.reading.parse import parse
from mailgate.reading.quotes import attribution, forwarded, shape
from tests.lab import mail


def answer(text: str) -> Body:
    return read_body(mail(text=text, in_reply_to=("<n@bank.example>",)))


def forward(text: str, subject: str = "Fwd: Paper") -> Body:
    return read_body(mail(text=text, subject=subject))


@pytest.mark.parametrize(
    "line",
    [
        "Jumatatu 4 Mei 2026 saa 10:00, Ann Key <ann@a.example> aliandika:",
        "2026 m. gegužės 4 d., pr 10:00, Ann Key <ann@a.example> xyz:",
        "Ar Llun, 4 Mai 2026 am 10:00, ysgrifennodd Ann Key <ann@a.example>:",
        "ორშ, 4 მაი. 2026, 10:00 Ann Key <ann@a.example>-მა დაწერა:",
        "Il giorno lun 4 mag 2026 alle ore 10:00 Ann Key <ann@a.example> ha scritto:",
        "In data 4 maggio 2026 10:00:00 CEST, Ann Key <ann@a.example> ha scritto:",
        "Ann Key <ann@a.example> กล่าวเมื่อ 4 พ.ค. 2026 10:00:",
        "Ann Key [ann@a.example] 04/05/2026 10:00 :",
        "ในวันที่ จ. 4 พ.ค. 2569 เวลา 10:00 Ann Key <ann@a.example> กล่าวว่า:",
        "On Mon, 4 May 2569 at 10:00 Ann Key <ann@a.example> wrote:",
        "Ann Key «ann@a.example», 04.05.2026 10:00:",
        "---- Mon, 04 May 2026 10:00:36 +0530 Ann Key<ann@a.example> xyzzy ----",
        "Jumatatu 4 Mei 2026 saa 10:00, Ann Key\n<ann@a.example> aliandika:",
    ],
)
def test_date_time_and_address_announce_a_quote_in_any_order(line: str) -> None:
    for quote in ("Where is the form?", "> Where is the form?"):
        assert answer(f"Yes.\n\n{line}\n\n{quote}\n").visible == "Yes."


@pytest.mark.parametrize(
    "line",
    [
        "Nilikutana na Ann Key <ann@a.example> ofisini Jumatatu 4 Mei 2026 saa 10:00.",
        "Meet Ann <ann@a.example> at 10:00:",
        "Meet Ann Key on 4 May 2026 at 10:00:",
        "Call us for all that we spoke of at length when you were here on 4 May 2026 at 10:00 Ann <ann@a.example>:",
        "Ann <ann@a.example> 4 May 2026 10:00 and all the others that were there on this day in May:",
    ],
)
def test_a_sentence_with_some_of_them_announces_none(line: str) -> None:
    assert answer(f"Yes.\n\n{line}\n\nNot what you think.").visible.endswith("Not what you think.")


@pytest.mark.parametrize(
    "line",
    [
        "4 Mei 2026 saa 10:00 Ann aliandika:",
        "Ann Key via Forum <ann@a.example> aliandika:",
        "Siku 4 Mei 2026 10:00, Ann:",
    ],
)
def test_less_is_believed_right_above_a_quote(line: str) -> None:
    assert answer(f"Yes.\n\n{line}\n> Where is the form?\n").visible == "Yes."
    assert line in answer(f"Yes.\n\n{line}\nWhere is the form?\n").visible


YAHOO = 'Kutoka: Ann Key <ann@a.example>Kwa: "Bob" <bob@b.example>Tarehe: 4 Mei 2026, 10:00:50 GMT+1Mada: Paper'
QUOTED = "".join(f"> {line}\n" for line in ("Mwanzo wa ujumbe:", "", "Kutoka: Ann Key <ann@a.example>", "Mada: Paper"))
HEADER = "Kutoka: Ann Key <ann@a.example>\nTarehe: 4 Mei 2026 10:00\nKwa: Bob <bob@b.example>\nMada: Paper"


@pytest.mark.parametrize(
    "header",
    [
        HEADER,
        HEADER.replace("\n", "\n\n"),
        "จาก: Ann Key <ann@a.example>\nส่ง: 4 พฤษภาคม 2569 10:00\nถึง: Bob <bob@b.example>\nเรื่อง: Paper",
        f"________________________________\n{HEADER}",
        f"---- Ujumbe asili ----\n{HEADER}",
        f"Ujumbe wa 04/05/26 10:00\n{HEADER}",
        "*Kutoka:* Ann Key [mailto:ann@a.example]\n*Tarehe:* 4 Mei 2026 10:00\n*Kwa:* Bob\n*Mada:* Paper",
        HEADER.replace("\nMada", ",\n Cy <cy@c.example>\nMada"),
    ],
)
def test_labelled_values_are_a_copied_header_whatever_the_labels(header: str) -> None:
    text = f"Yes.\n\n{header}\n\nThere is none."
    assert answer(text).visible == "Yes."
    for subject in ("Fwd: Paper", "Portal is down"):
        body = forward(text, subject)
        assert (body.visible, body.forward.endswith("There is none.")) == ("Yes.", True)
        assert body.original
        assert (body.original.sender.name, body.original.sender.email) == ("Ann Key", "ann@a.example")
        assert body.original.subject == "Paper"


@pytest.mark.parametrize(
    "form",
    [
        "From: the third floor\nTo: the cellar\nSubject: the printer\nDate: next week",
        "From: Berlin 10:00\nTo: Munich 14:00\nDate: 3 May",
        "Name: Karen Client\nMail: karen@client.example\nRoom: 12",
        "Name: Karen Client\nMail: karen@client.example\nDate: 4 May 2026 10:00",
        "When: 4 May 2026 10:00\nWhere: Room 12\nWho: Karen Client\nWhy: none",
        "Tray: empty\nToner: low\nFrom: 3 May 2026 10:00\nHelp: now",
    ],
)
def test_labels_are_not_believed_without_their_values(form: str) -> None:
    for text in (f"Please look.\n\n{form}\n\nThank you very much.", f"{form}\n\nThank you very much."):
        assert answer(text).visible == text


@pytest.mark.parametrize(
    "text",
    [
        f"{QUOTED}> Tarehe: 4 Mei 2026 10:00\n> Kwa: Bob <bob@b.example>\n>\n> There is none.",
        f"----- Ujumbe uliotumwa ----- {YAHOO}\n There is none.",
        "4 Mei 2026 10:00, Ann Key <ann@a.example> aliandika:\n\n    There is none.",
        f"{HEADER}\nThere is none.",
        "Kutoka: «Ann Key» <ann@a.example>\nTarehe: 4 Mei 2026 10:00\nMada: Paper\n\nThere is none.",
    ],
)
@pytest.mark.parametrize("note", ["", "Please help her.\n\n"])
def test_a_forwarded_mail_in_any_language(text: str, note: str) -> None:
    body = forward(note + text)
    assert body.forwarded
    assert body.original
    assert (body.original.sender.name, body.original.sender.email) == ("Ann Key", "ann@a.example")
    assert body.original.subject == "Paper"
    assert forwarded.text_of(body.forward) == "There is none."
    assert "There is none." in body.whole
    assert "Please help her." in body.visible or not note


def test_what_is_quoted_in_a_forward_is_its_text_even_without_a_header() -> None:
    body = forward("FYI\n\n> There is none.\n> Nor will there be.\n")
    assert (body.visible, body.forward) == ("FYI", "> There is none.\n> Nor will there be.")
    assert forward("> Hello\nI say\n> There\nno more of it").forward == ""
    again = forward("Yes.\n\n> There is none.", "Re: Fwd: Paper")
    assert (again.visible, again.forward) == ("Yes.", ""), "an answer to a forward is an answer"


def test_quotes_with_initials() -> None:
    body = answer("Yes.\n\nAK> Where is the form?\nAK> It was here.\n")
    assert (body.visible, body.cut) == ("Yes.", "> Where is the form?\n> It was here.")
    assert answer("A> is an arrow").visible == "A> is an arrow"


@pytest.mark.parametrize(
    "line",
    [
        "##- Please type your reply above this line -##",
        "-----Please reply above this line-----",
        "##- Tafadhali andika jibu lako juu ya mstari huu -##",
        "== Bitte oberhalb dieser Linie antworten ==",
    ],
)
def test_below_the_marker_of_another_desk_stands_its_notice(line: str) -> None:
    assert answer(f"Yes.\n\n{line}\n\nYour request 17 was updated.").visible == "Yes."
    assert attribution.is_reply_marker(line)


@pytest.mark.parametrize(
    ("value", "people", "moment"),
    [
        ("Ann Key <ann@a.example>", True, False),
        ("ann@a.example, bob@b.example", True, False),
        ("Ann Key [mailto:ann@a.example]", True, False),
        ("4 May 2026", False, True),
        ("2026-05-04", False, True),
        ("Monday 10:00, 2026", False, True),
        ("2026年5月4日(月) 10:00", False, True),
        ("May 4th, 2026", False, True),
        ("4 de mayo de 2026", False, True),
        ("10:00", False, False),
        ("next week", False, False),
        ("please write to: ann@a.example", False, False),
    ],
)
def test_values(value: str, people: bool, moment: bool) -> None:
    assert (shape.is_people(value), shape.is_moment(value)) == (people, moment)


LABELLED = (
    "<b>Kutoka:</b> Ann Key &lt;ann@a.example&gt;<br><b>Tarehe:</b> 4 Mei 2026 10:00<br>"
    "<b>Kwa:</b> Bob &lt;bob@b.example&gt;<br><b>Mada:</b> Paper"
)
NONE = "There is none."
PAGES = {
    "Apple Mail": f"FYI<br><blockquote type=cite><div>Mwanzo:</div><br>{LABELLED}<br><br>{NONE}</blockquote>",
    "Outlook": (
        "<div>FYI</div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>"
        f"<p>{LABELLED}</p></div><p>{NONE}</p>"
    ),
    "Outlook on the web": f"<div>FYI</div><hr><div id=divRplyFwdMsg>{LABELLED}</div>{NONE}",
    "Yahoo": f"FYI<div class=yahoo_quoted><div>----- Ujumbe -----</div>{LABELLED}<div>{NONE}</div></div>",
    "Gmail": f"FYI<div class=gmail_quote><div class=gmail_attr>------ Ujumbe ------<br>{LABELLED}</div>{NONE}</div>",
    "Thunderbird": (
        "<p>FYI</p><div class=moz-forward-container>------ Ujumbe ------<table class=moz-email-headers-table>"
        "<tr><th>Mada: <td>Paper<tr><th>Tarehe: <td>4 May 2026 10:00<tr><th>Kutoka: <td>Ann Key &lt;ann@a.example&gt;"
        f"<tr><th>Kwa: <td>bob@b.example</table><p>{NONE}</p></div>"
    ),
    "an announcing line": f"FYI<p>4 Mei 2026 10:00, Ann Key &lt;ann@a.example&gt; aliandika:</p><blockquote>{NONE}",
}


@pytest.mark.parametrize("program", PAGES)
def test_a_page_that_forwards_in_any_language(program: str) -> None:
    raw = f"Subject: Fwd: Paper\nContent-Type: text/html; charset=utf-8\n\n{PAGES[program]}".encode()
    body = read_body(parse(raw))
    assert body.visible == "FYI"
    assert body.original
    assert (body.original.sender.name, body.original.sender.email) == ("Ann Key", "ann@a.example")
    assert body.original.subject == "Paper"
    assert forwarded.text_of(body.forward) == "There is none."


def test_an_author_whom_the_page_names_without_an_address_is_read_in_the_text_part() -> None:
    page = LABELLED.replace("&lt;ann@a.example&gt;", "").replace("&lt;bob@b.example&gt;", "").replace("Kutoka", "From")
    text = "FYI\n\nFrom: Ann Key <ann@a.example>\nTarehe: 4 Mei 2026 10:00\nKwa: Bob\nMada: Paper\n\nThere is none.\n"
    rich = f"FYI<hr id=stopSpelling>{page}<p>There is none."
    parts = f"--b\nContent-Type: text/plain\n\n{text}--b\nContent-Type: text/html\n\n{rich}\n--b--\n"
    head = "Subject: Fwd: Paper\nContent-Type: multipart/alternative; boundary=b\n\n"
    body = read_body(parse((head + parts).encode()))
    assert body.original
    assert body.original.sender.email == "ann@a.example"
    none = read_body(parse((head + parts.replace(" <ann@a.example>", "")).encode()))
    assert (none.forwarded, none.original) == (True, None)


def test_a_log_of_thousands_of_labelled_lines_is_no_header() -> None:
    log = "Key: value\n" * (shape.MAX_RUNS + 10)
    lines = shape.Lines((log + "From: Ann <ann@a.example>\nSent: 3 May 2026 10:00").split("\n"))
    assert lines.header(0)
    assert next(place for place in range(shape.MAX_RUNS + 12) if lines.header(place) is None) == shape.MAX_RUNS - 1
