"""Lines that announce a quote."""

import pytest

from mailgate.mail import Mail
from mailgate.reading.body import read_body
from mailgate.reading.quotes import attribution


@pytest.mark.parametrize(
    "line",
    [
        "On Mon, Nov 2, 2026 at 10:00 AM Ann <ann@x.example> wrote:",
        "Am 02.11.2026 um 10:00 schrieb Ann <ann@x.example>:",
        "Le lun. 2 nov. 2026 à 10:00, Ann <ann@x.example> a écrit :",
        "El lun, 2 nov 2026 a las 10:00, Ann (<ann@x.example>) escribió:",
        "Em seg., 2 de nov. de 2026 às 10:00, Ann <ann@x.example> escreveu:",
        "Il giorno lun 2 nov 2026 alle ore 10:00 Ann <ann@x.example> ha scritto:",
        "Op ma 2 nov 2026 om 10:00 schreef Ann <ann@x.example>:",
        "Den mån 2 nov. 2026 kl 10:00 skrev Ann <ann@x.example>:",
        "ma 2. marrask. 2026 klo 10.00 Ann (ann@x.example) kirjoitti:",
        "pon., 2 lis 2026 o 10:00 Ann <ann@x.example> napisał(a):",
        "po 2. 11. 2026 v 10:00 odesílatel Ann <ann@x.example> napsal:",
        "Ann <ann@x.example>, 2 Kas 2026 Pzt, 10:00 tarihinde şunu yazdı:",
        "пн, 2 нояб. 2026 г. в 10:00, Ann <ann@x.example> написал:",
        "пн, 2 лист. 2026 р. о 10:00 Ann <ann@x.example> пише:",
        "Ann <ann@x.example> 于2026年11月2日周一 10:00写道：",
        "2026年11月2日(月) 10:00 Ann <ann@x.example> のメール:",
        "2026년 11월 2일 (월) 오전 10:00, Ann <ann@x.example>님이 작성:",
        "Ann <ann@x.example> ezt írta (időpont: 2026. nov. 2., H, 10:00):",
        "2026-11-02 10:00 GMT+01:00 Ann <ann@x.example>:",
        "---- On Mon, 02 Nov 2026 10:00:00 +0100 Ann <ann@x.example> wrote ----",
    ],
)
def test_attributions(line: str) -> None:
    """The line above a quote, as mail programs of many languages write it."""
    assert attribution.is_attribution(line)
    text = f"My answer.\n\n{line}\n> question\n"
    assert read_body(Mail(text=text, subject="Re: x")).visible == "My answer."


@pytest.mark.parametrize(
    "line",
    [
        "I wrote:",
        "Hello Ann:",
        "The error that I get since 10:00 is this:",
        "On Monday I said what follows:",
        "From: the beginning",
        "Subject: 10:00 ann@x.example:",
    ],
)
def test_no_attributions(line: str) -> None:
    assert not attribution.is_attribution(line)


@pytest.mark.parametrize(
    ("subject", "prefix"),
    [
        ("Re: Printer", "re"),
        ("RE : TR : Printer", "re"),
        ("Re[2]: Fwd: Printer", "re"),
        ("AW(3): WG: Printer", "aw"),
        ("Fwd: Re: Printer", "fwd"),
        ("[Fwd: Printer]", "fwd"),
        ("转发：Printer", "转发"),
        ("[EXTERNAL] FW: Printer", "fw"),
        ("[EXT] [users] WG: Printer", "wg"),
        ("{Spam?} Tr: Printer", "tr"),
        ("*** SPAM *** Rv: Printer", "rv"),
        ("(Extern) AW: Printer", "aw"),
        ("EXTERNAL: FW: Printer", "fw"),
        ("External Email: RE: Printer", "re"),
        ("[#1001] Fwd: Printer", "fwd"),
        ("Re: [#1001] Fwd: Printer", "re"),
        ("Printer", ""),
        ("Printer: out of paper", ""),
        ("Floor two: Printer: Re: paper", ""),
        ("[EXTERNAL] Printer", ""),
        ("[", ""),
        ("", ""),
    ],
)
def test_the_first_prefix_behind_the_marks_of_gateways(subject: str, prefix: str) -> None:
    assert attribution.prefix(subject) == prefix
