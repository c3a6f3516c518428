"""Sentences that begin as an attribution begins stay the author's own words."""

from __future__ import annotations

import pytest

from mailgate.mail import Mail
from mailgate.reading.body import read_body
from mailgate.reading.quotes import attribution
from tests.lab import mail


def answer(text: str) -> Mail:
    """A mail that answers another: only such mail quotes."""
    return mail(text=text, in_reply_to=("<n@bank.example>",))


BELOW = "\n\nOn Sat, Nov 21, 2026 at 12:00 PM Karen Client <karen@client.example> wrote:\n\n> Where is the form?\n"


@pytest.mark.parametrize(
    "text",
    [
        "On the first page.",
        "#resolved\n\nOn the first page.",
        "On Monday I wrote: yes.\nBye",
        "On Monday at 10:30 we met.\n\nSee you.",
        "On it.",
    ],
)
def test_a_sentence_above_an_attribution_stays(text: str) -> None:
    assert read_body(answer(text=text + BELOW)).visible == text


def test_a_wrapped_attribution_goes_whole() -> None:
    below = BELOW.replace(" Karen", "\nKaren").replace("> wrote", ">\nwrote")
    assert read_body(answer(text="Yes." + below)).visible == "Yes."


@pytest.mark.parametrize(
    "line",
    [
        "pon., 2 lis 2026 o 10:00 Ann <ann@x.example> napisał(a):",
        "пн, 2 нояб. 2026 г. в 10:00, Ann <ann@x.example>:",
        "po 2. 11. 2026 v 10:00 odesílatel Ann <ann@x.example> napsal:",
        "2026年11月2日(月) 10:00 Ann <ann@x.example>:",
        "Ann <ann@x.example> 于2026年11月2日周一 10:00写道：",
        "Ann <ann@x.example> ezt írta (időpont: 2026. nov. 2., H, 10:00):",
        "Ann <ann@x.example> schrieb am Mo., 2. Nov. 2026, 10:00:",
        "În lun., 2 nov. 2026 la 10:00, Ann <ann@x.example> a scris:",
        "W dniu 2.11.2026 o 10:00, Ann pisze:",
        "2026-11-02 10:00 GMT+01:00 Ann <ann@x.example>:",
        "\u202bבתאריך יום ב׳, 2 בנוב׳ 2026 ב-10:00 מאת \u202aAnn\u202c\u200f <\u202aann@x.example\u202c\u200f>:\u202c",
    ],
)
def test_a_line_with_address_and_time_needs_no_quote_marks_below(line: str) -> None:
    assert read_body(answer(text=f"Yes.\n\n{line}\n\nWhere is the form?\n")).visible == "Yes."


@pytest.mark.parametrize(
    "line",
    [
        "Zitat von Ann <ann@x.example>:",
        "2026年11月2日 Ann 写道：",
        "2026/11/2 Ann <ann@x.example>",
    ],
)
def test_others_are_known_by_the_quote_below(line: str) -> None:
    assert read_body(answer(text=f"Yes.\n\n{line}\n\n> Where is the form?\n")).visible == "Yes."
    assert line in read_body(answer(text=f"Yes.\n\n{line}\n\nMore of mine.\n")).visible


@pytest.mark.parametrize(
    "text",
    [
        "2 pm suits me. Ask Ann <ann@x.example>: she knows.",
        "2 things at 10:00 on 2 Nov 2026:\nAnn <ann@x.example> and the form",
        "Ann <ann@x.example> told me this:\nit broke.",
        "On and on " * 50 + "at 10:00 Ann <ann@x.example> wrote:\nmore",
        "| a | b |\n|---|---|\n| 1 | 2 |",
    ],
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert read_body(answer(text=text)).visible == text


def test_bars_below_an_attribution_are_quote_marks() -> None:
    quote = "\n\nOn 2 Nov 2026, Ann <ann@x.example> wrote:\n\n| Where is\n| the form?\n|\n"
    assert read_body(answer(text=f"Yes.{quote}")).visible == "Yes."
    assert read_body(answer(text=f"Hello{quote}\nIn the drawer.")).visible.endswith("> the form?\n>\n\nIn the drawer.")


@pytest.mark.parametrize(
    "line",
    [
        "On Monday Ann wrote:",
        "Ann wrote:",
        "Ann Key writes:",
        "*Ann Key wrote:*",
        "Am Montag schrieb Ann:",
        "Le lundi, Ann a écrit :",
    ],
)
def test_a_line_without_a_date_goes_with_the_quote_that_ends_the_mail(line: str) -> None:
    quote = "> Where is the form?\n> It was here."
    assert read_body(answer(text=f"Yes.\n\n{line}\n{quote}\n")).visible == "Yes."
    assert read_body(answer(text=f"Yes.\n\n{line}\n\n{quote}\n")).visible == "Yes."
    assert line in read_body(answer(text=f"Yes.\n\n{line}\n{quote}\nMore of mine.\n")).visible
    assert line in read_body(answer(text=f"Yes.\n\n{line}\nIt was here.\n")).visible
    assert line in read_body(answer(text=f"{line}\n{quote}\n")).visible


@pytest.mark.parametrize(
    "line", ["The log of it says:", "I wrote:", "What you wrote:", "It wrote the following lines:", "On Monday:"]
)
def test_a_sentence_above_the_quote_that_ends_the_mail_stays(line: str) -> None:
    assert line in read_body(answer(text=f"Please look.\n\n{line}\n> Out of paper\n")).visible


@pytest.mark.parametrize(
    ("line", "certain"),
    [
        ("On 3 May 2026 at 10:00, Ann <ann@x.example> wrote:", True),
        ("On 3 May 2026 at 10:00, ann@x.example wrote:", True),
        ("On 3 May 2026 at 10:00 please mail ann@x.example:", False),
        ("On the table:", False),
        ("Ann wrote on 3 May 2026:", False),
        ("在 2026-05-03 10:00, ann@x.example 写道：", True),
    ],
)
def test_what_needs_no_quote_below(line: str, certain: bool) -> None:
    assert attribution.is_certain(line) is certain


LONG = "> The second printer on the third floor was moved to the cellar and"


@pytest.mark.parametrize(
    ("glued", "own"),
    [
        ("does not print.", "Yes."),
        ("does not print.\nnor scan.", "Yes.\nnor scan."),
        ("\ndoes not print.", "Yes.\n\ndoes not print."),
        ("Here.", "Yes.\nHere."),
        ("#close", "Yes."),
        ("#close\nHere.", "Yes.\nHere."),
    ],
    ids=["the rest", "room for it", "a paragraph", "a capital", "a command", "a command and words"],
)
def test_the_rest_of_a_quoted_line_that_a_program_wrapped(glued: str, own: str) -> None:
    lines = read_body(answer(text=f"Yes.\n{LONG}\n{glued}\n")).lines
    assert "\n".join(lines) == own


def test_a_program_that_wraps_wraps_all() -> None:
    bought = "> It is the one that we bought from the shop in the High Street of"
    text = f"Yes.\n\n{LONG}\ndoes not print.\n{LONG}\nis old.\n{bought}\nReading.\n"
    assert read_body(answer(text=text)).visible == "Yes."


def test_an_answer_below_a_short_quoted_line_is_its_authors() -> None:
    text = f"{LONG}\n> does not print.\n> Where?\non floor two.\n"
    assert read_body(answer(text=text)).visible.endswith("> Where?\non floor two.")


OWN = (
    "I will come at 14:00.",
    "Mail me at kay@client.example",
    "See you on 24 December",
    "On Friday at 14:00 I am there",
    "Delivered 2026-12-24",
    "We met on 3 May 2026 at 10:00.\nIt was nice.",
    "#due fri 14:00",
    "#cc jane@client.example",
)
SHORT = (
    "On Mon, Karen Client wrote:",
    "Karen Client wrote:",
    "Karen Client <karen@client.example> wrote:",
    "karen@client.example wrote:",
    "Am Montag schrieb Karen Client:",
)


@pytest.mark.parametrize("between", ["\n\n", "\n"])
@pytest.mark.parametrize("short", SHORT)
@pytest.mark.parametrize("own", OWN)
def test_a_time_or_an_address_above_a_short_attribution_is_the_authors(own: str, short: str, between: str) -> None:
    assert read_body(answer(f"{own}{between}{short}\n> Where is the form?\n> Karen\n")).visible == own


@pytest.mark.parametrize(
    "wrapped",
    [
        "On Mon, Nov 30, 2026 at 11:44 AM\nKaren Client wrote:",
        "On Mon, Nov 30, 2026 at 11:44 AM Karen\nClient <karen@client.example>\nwrote:",
        "On Mon, 30 Nov 2026 at 11:44 Karen Client\n\n<karen@client.example> wrote:",
        "Mon, 30 Nov 2026 at 11:44\nKaren Client wrote:",
        "Am Montag, 30. November 2026 um 11:44 Uhr schrieb\nKaren Client\n<karen@client.example>:",
    ],
)
def test_a_wrapped_attribution_is_cut_whole(wrapped: str) -> None:
    assert read_body(answer(f"See below.\n\n{wrapped}\n> Where is the form?\n> Karen\n")).visible == "See below."
