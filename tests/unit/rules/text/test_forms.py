"""Form lines: a block that opens the body, never an ordinary sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.text.forms import read_form


@pytest.mark.parametrize(
    ("text", "fields", "rest"),
    [
        (
            "Help topic: Report a Problem\nName: Karen\nPhone: 555-1234\n\nIt broke.",
            {"Help topic": "Report a Problem", "Name": "Karen", "Phone": "555-1234"},
            "It broke.",
        ),
        ("\n\n Help topic : Outage\r\n\r\nIt broke.\r\n", {"Help topic": "Outage"}, "It broke."),
        ("*Help topic:* Outage\nIt broke.", {"Help topic": "Outage"}, "It broke."),
        ("Name: Karen", {"Name": "Karen"}, ""),
        (
            "Name: Karen\n\nBranch: Boston\n \n\nHelp topic: Outage\n\nNote: it smokes\n\nPlease hurry.",
            {"Name": "Karen", "Branch": "Boston", "Help topic": "Outage"},
            "Note: it smokes\n\nPlease hurry.",
        ),
        ("Room: 12\n\nHelp topic: Outage\nIt broke.", {"Room": "12", "Help topic": "Outage"}, "It broke."),
        ("Name: Karen\n\nIt broke.\n\nPhone: 5", {"Name": "Karen"}, "It broke.\n\nPhone: 5"),
        ("Invitation: Talk\nWhen: soon\n\nx", {}, "Invitation: Talk\nWhen: soon\n\nx"),
        ("Date: monday\nRoom: 12\n\nx", {"Date": "monday", "Room": "12"}, "x"),
        ("From: home\nRoom: 12\n\nx", {"From": "home", "Room": "12"}, "x"),
        (f"Name: x\n{'k' * 30}: {'v' * 1000}\nand so on", {"Name": "x", "k" * 30: "v" * 1000}, "and so on"),
        ("Name: x\nName of boss: y\nName of the boss: z", {"Name": "x", "Name of boss": "y"}, "Name of the boss: z"),
        ("Help topic：障害\n\nx", {"Help topic": "障害"}, "x"),
        ("Room: 12\nAsset tag: B-7\nFloor:\n\nx", {"Room": "12", "Asset tag": "B-7", "Floor": ""}, "x"),
        ("Name: one\nName: two\n\nx", {"Name": "one"}, "x"),
        ("E-mail: karen@client.example\n\nx", {"E-mail": "karen@client.example"}, "x"),
        ("Name: Karen\nsee https://x.example\n", {"Name": "Karen"}, "see https://x.example"),
    ],
)
def test_forms(text: str, fields: dict[str, str], rest: str) -> None:
    form = read_form(text)
    assert (dict(form.fields), form.rest) == (fields, rest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It broke.",
        "Note: the printer is on fire",
        "Hello:\n\nit broke",
        "Hello:\nName is Karen",
        "https://portal.example: is down\nPhone: 1",
        "http://portal.example\n\nName: x",
        "It broke.\nHelp topic: Outage",
        "What I did next: reboot\nWhat I saw next: smoke",
        "Problem: it broke\nSince: monday\nCan you help?",
        f"Problem: it broke\nSince: {'long ' * 20}\n",
        "12:30 lunch\n13:00: back",
        "From: a@b.example\nSent: Monday\nTo: c@d.example\nSubject: Name\n\nx",
        "Von: a@b.example\nGesendet: Montag\nBetreff: x\n\nx",
        f"{'k' * 31}: x\nPhone2: y\n",
        f"Name: {'x' * 1001}\n",
        "C: and D: are full\n",
        "Room ->: 12\nFloor: 3\n",
        "Name:\n",
    ],
)
def test_ordinary_text_is_no_form(text: str) -> None:
    form = read_form(text)
    assert not form.fields
    assert form.rest == text


def test_fields_are_found_in_any_case() -> None:
    form = read_form("HELP Topic: Outage\n")
    assert form.get("help topic") == "Outage"
    assert form.get("name") == ""


@given(st.text(alphabet=st.sampled_from("Na me:*\n\r\t：//x"), max_size=200))
def test_no_word_is_lost(text: str) -> None:
    form = read_form(text)
    kept = " ".join((*form.fields, *form.fields.values(), form.rest))
    assert set(kept) >= set(text) - set(" \t\r\n*:：") or not form.fields
    if not form.fields:
        assert form.rest == text


def test_hostile_lines_take_no_time() -> None:
    assert read_form(("Name:" + " " * 900 + "x\n") * 50).fields
    assert not read_form("a " * 100_000).fields
