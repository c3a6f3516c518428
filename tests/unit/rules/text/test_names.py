"""What somebody typed and the configured name it means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.config.load import load
from mailgate.rules.text.names import (
    Ambiguous,
    Candidate,
    Matched,
    Unknown,
    assignees,
    departments,
    fold,
    match,
    priorities,
    slas,
    topics,
)

TOPICS = tuple(
    map(
        Candidate,
        (
            "General Inquiry",
            "Business Critical Outage",
            "Report a Problem",
            "Report a Problem / Personal Computer Issues",
            "Report a Problem / Printers",
            "Billing / Other",
            "Cards / Other",
        ),
    )
)
PEOPLE = (
    Candidate("Elliot Alderson", ("elliot", "elliot@bank.example"), "agent:elliot"),
    Candidate("Ann Lee", ("ann", "ann@bank.example"), "agent:ann"),
    Candidate("Anna Berg", ("berg", "anna@bank.example"), "agent:berg"),
    Candidate("Level I Support", ("First line",), "team:Level I Support"),
    Candidate("Online Banking", (), "team:Online Banking"),
    Candidate("Online Sales", (), "team:Online Sales"),
)
SLAS = tuple(map(Candidate, ("Sev-A", "Sev-B", "Sev-C", "Default SLA")))


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("general inquiry", "General Inquiry"),
        ("  GENERAL \u00a0inquiry ", "General Inquiry"),
        ("gen", "General Inquiry"),
        ("outage", "Business Critical Outage"),
        ("critical out", "Business Critical Outage"),
        ("report", "Report a Problem"),  # the leaf that starts so, not the path of its children
        ("Report a Problem", "Report a Problem"),
        ("report a problem/personal", "Report a Problem / Personal Computer Issues"),
        ("personal computer issues", "Report a Problem / Personal Computer Issues"),
        ("pers", "Report a Problem / Personal Computer Issues"),
        ("computer", "Report a Problem / Personal Computer Issues"),
        ("billing", "Billing / Other"),
        ("cards / oth", "Cards / Other"),
        ("“General Inquiry”", "General Inquiry"),
    ],
)
def test_a_topic_by_its_name_or_a_unique_start(typed, name):
    assert match(typed, TOPICS) == Matched(name, name)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("elliot", "agent:elliot"),
        ("ELLIOT ALDERSON", "agent:elliot"),
        ("alder", "agent:elliot"),
        ("ann", "agent:ann"),  # a key, although Anna starts with it
        ("anna", "agent:berg"),
        ("anna@bank.example", "agent:berg"),
        ("Somebody <anna@bank.example>", "agent:berg"),
        ("first", "team:Level I Support"),
        ("supp", "team:Level I Support"),
        ("online b", "team:Online Banking"),
    ],
)
def test_an_agent_or_team_by_any_name(typed, key):
    found = match(typed, PEOPLE)
    assert isinstance(found, Matched)
    assert found.id == key


def test_a_first_name_is_enough_even_when_it_starts_a_longer_one():
    people = (Candidate("Jan Berg", ("a",), "agent:a"), Candidate("Jana Kos", ("b",), "agent:b"))
    assert match("jan", people) == Matched("Jan Berg", "agent:a")


@pytest.mark.parametrize(
    ("typed", "names", "candidates"),
    [
        ("online", PEOPLE, ("Online Banking", "Online Sales")),
        ("an", PEOPLE, ("Ann Lee", "Anna Berg")),
        ("sev", SLAS, ("Sev-A", "Sev-B", "Sev-C")),
        ("other", TOPICS, ("Billing / Other", "Cards / Other")),
        ("p", TOPICS, ("Report a Problem / Personal Computer Issues", "Report a Problem / Printers")),
    ],
)
def test_several_that_fit_come_back_as_candidates(typed, names, candidates):
    assert match(typed, names) == Ambiguous(candidates)


def test_two_people_of_one_name_are_ambiguous():
    twins = (Candidate("Ann Lee", ("ann",), "agent:ann"), Candidate("Ann Lee", ("ann2",), "agent:ann2"))
    assert match("ann lee", twins) == Ambiguous(("Ann Lee",))
    assert match("ann2", twins) == Matched("Ann Lee", "agent:ann2")


def test_every_kind_of_dash_is_a_hyphen():
    assert match("sev\u2011c", SLAS) == Matched("Sev-C", "Sev-C")
    assert match("c", SLAS) == Matched("Sev-C", "Sev-C")


@pytest.mark.parametrize(
    ("typed", "names", "nearest"),
    [
        ("Onlin Bankng", PEOPLE, ("Online Banking",)),
        ("eliott", PEOPLE, ("Elliot Alderson",)),
        ("sev-x", SLAS, ("Sev-C", "Sev-B", "Sev-A")),
        ("zzzzzz", SLAS, ()),
        ("", SLAS, ()),
        ("  ''  ", SLAS, ()),
    ],
)
def test_one_that_fits_nothing_comes_back_with_the_nearest(typed, names, nearest):
    found = match(typed, names)
    assert isinstance(found, Unknown)
    assert sorted(found.nearest) == sorted(nearest)


CONFIG = """
[desk]
name = "First Bank Help Desk"
[address."support@bank.example"]
name = "First Bank Support"
[smtp]
[relay]
[department."Systems Administrators"]
was = ["IT"]
[agent.elliot]
name = "Elliot Alderson"
email = ["elliot@bank.example", "e.alderson@bank.example"]
[agent.ann]
name = "Ann Lee"
email = ["ann@bank.example"]
[team."Online Banking"]
was = ["E-Banking"]
members = ["ann"]
[topic."Report a Problem"]
[topic."Report a Problem / Printers"]
[sla."Sev-A"]
resolve = "1h"
"""


def test_the_names_of_a_desk_are_its_candidates(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)
    config, _ = load(tmp_path / "config.toml")
    assert match("it", departments(config)) == Matched("Systems Administrators", "Systems Administrators")
    assert match("supp", departments(config)) == Matched("Support", "Support")
    assert match("printers", topics(config)) == Matched("Report a Problem / Printers", "Report a Problem / Printers")
    assert match("default", slas(config)) == Matched("Default SLA", "Default SLA")
    assert match("e", priorities(config)) == Matched("Emergency", "Emergency")
    assert match("e-banking", assignees(config)) == Matched("Online Banking", "team:Online Banking")
    assert match("e.alderson@bank.example", assignees(config)) == Matched("Elliot Alderson", "agent:elliot")


words = st.text("ab c-/", min_size=1, max_size=6)


@given(st.text(), st.lists(words, max_size=5))
def test_any_text_is_compared(typed, names):
    match(typed, map(Candidate, names))


@given(st.lists(words.filter(str.strip), min_size=1, max_size=6, unique_by=fold))
def test_the_whole_name_always_means_itself(names):
    candidates = tuple(map(Candidate, names))
    for name in names:
        assert match(name, candidates) == Matched(name, name)


@given(st.lists(words.filter(str.strip), max_size=6, unique_by=fold), words)
def test_a_match_is_a_candidate_that_holds_what_was_typed(names, typed):
    found = match(typed, map(Candidate, names))
    if isinstance(found, Matched):
        assert found.name in names
        assert fold(typed) in fold(found.name)
