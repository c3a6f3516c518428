"""The differences between two configurations, as sentences."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mailgate.config import diff
from mailgate.config.diff import changed_files, changes, orphans
from mailgate.config.dump import effective
from mailgate.config.load import load, read
from mailgate.settings import Config
from tests.configs import REST, completed

RULES = """
[[rule]]
name = "A"
when = { subject = { matches = 'a' } }
then = { priority = "Low" }
[[rule]]
name = "B"
then = { priority = "High" }
"""


def config(text: str) -> Config:
    loaded, reading = read(Path("config.toml"), completed(text), {})
    assert reading.problems == []
    return loaded


def test_equal_configs_have_no_changes() -> None:
    assert changes(config(RULES), config(RULES)) == ()


def test_names_added_removed_and_changed() -> None:
    old = config('[topic.A]\n[topic.B]\n[topic.C]\n[sla.S]\nresolve = "1h"\n')
    new = config('[topic.A]\npublic = false\n[topic.B]\npublic = false\n[topic.D]\n[sla.S]\nresolve = "2h"\n')
    assert changes(old, new) == (
        "1 SLA plan changed: S",
        "1 topic added: D",
        "1 topic removed: C",
        "2 topics changed: A, B",
    )


def test_a_changed_table_lists_the_changed_keys() -> None:
    new = config("[notices]\nfollow_up = true\nacknowledge = false\n[http]\n")
    assert changes(config(""), new) == ("[http] added", "[notices] changed: acknowledge, follow_up")
    assert changes(new, config(""))[0] == "[http] removed"


def test_every_table_of_the_configuration_is_compared() -> None:
    new = config('[attachments]\nsend_max = "1 MB"\n')
    assert changes(config(""), new) == ("[attachments] changed: send_max",)
    apart = {"file", "text", "files", "hostname", "priorities"}  # no keys of their own
    compared = {*diff.TABLES, *diff.KINDS, "relays", "rules", "templates"}
    assert {field.name for field in dataclasses.fields(Config)} == compared | apart


def test_changed_and_reordered_rules() -> None:
    parts = RULES.split("[[rule]]")
    swapped = config("[[rule]]".join((parts[0], parts[2], parts[1])))
    assert changes(config(RULES), swapped) == ("the order of the rules has changed",)
    assert changes(config(RULES), config(RULES.replace("'a'", "'b'"))) == ("1 rule changed: A",)
    assert changes(config(RULES), config("")) == ("2 rules removed: A, B",)


def test_a_different_first_address() -> None:
    one, two = '[address."a@x.example"]\n', '[address."b@x.example"]\n'
    assert changes(config(one + two), config(two + one)) == ("the first desk address is now b@x.example",)


def test_a_long_list_is_shortened() -> None:
    new = config("".join(f"[topic.T{number}]\n" for number in range(20)))
    assert changes(config(""), new) == ("20 topics added: T0, T1, T2, T3, T4, T5, T6, T7 and 12 more",)


def test_a_new_templates_folder(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(completed(""))
    before, _ = load(tmp_path / "config.toml", {})
    (tmp_path / "templates").mkdir()
    after, _ = load(tmp_path / "config.toml", {})
    assert changes(before, after) == (f"templates are now read from {tmp_path}/templates",)
    assert changes(after, before) == ("templates are now read from the installed package",)


def test_undefined_names_are_reported_with_the_number_of_open_tickets() -> None:
    new = config('[department.Desk]\nwas = ["Front"]\n')
    used = {
        "department": {"Support": 3, "Front": 2, "Old": 12},
        "agent": {"gone": 1},
        "sla": {"Sev-Z": 2},
        "topic": {"Away": 0},
        "team": {"T": 1},
        "priority": {"Normal": 4},
    }
    successor = "to its successor"
    assert [str(problem) for problem in orphans(new, used)] == [
        'config.toml: 1 open ticket uses the agent "gone", which no longer exists: add was = ["gone"] ' + successor,
        'config.toml: 12 open tickets use the department "Old", which no longer exists: add was = ["Old"] ' + successor,
        'config.toml: 2 open tickets use the SLA plan "Sev-Z", which no longer exists: add was = ["Sev-Z"] '
        + successor,
        'config.toml: 1 open ticket uses the team "T", which no longer exists: add was = ["T"] ' + successor,
    ]
    assert all(problem.warning for problem in orphans(new, used))


def test_tickets_in_a_department_without_agents_are_reported() -> None:
    """The built-in department is always there, though perhaps without anybody in it."""
    agents = '[agent.ann]\nname = "Ann"\nemail = "ann@bank.example"\ndepartments = ["Desk"]\n'
    others = "".join(text for key, text in REST.items() if key != "agent")
    desk = '[defaults]\ndepartment = "Desk"\n[department.Desk]\n[department.Old]\nmanager = "ann"\n'
    new = config(f"# alone\n{others}{desk}{agents}")
    (problem,) = orphans(new, {"department": {"Support": 20, "Desk": 3, "Old": 1}})
    uses = 'config.toml: 20 open tickets use the department "Support", in which no agent is'
    assert str(problem) == uses + ': add was = ["Support"] to its successor'


@given(st.lists(st.sampled_from("ABCDEF"), unique=True), st.lists(st.sampled_from("ABCDEF"), unique=True))
def test_changes_are_empty_if_and_only_if_the_configs_are_equal(before: list[str], after: list[str]) -> None:
    old, new = (config("".join(f"[topic.{name}]\n" for name in names)) for names in (before, after))
    assert (changes(old, new) == ()) == (set(before) == set(after))


def test_effective_values_are_plain_and_complete() -> None:
    shown = effective(config('[sla.S]\nresolve = "90m"\n' + RULES))
    assert shown["slas"]["S"]["resolve"] == "1h30m"
    assert shown["desk"]["timezone"] == "UTC"
    assert shown["notices"]["limit_per_sender"] == "6/1h"
    assert shown["rules"][0]["when"][0][0]["patterns"] == ["a"]
    assert shown["addresses"]["support@bank.example"]["from"] == "{agent} ({address})"
    assert shown["roles"]["View only"]["may"] == []
    assert shown["http"] is None


def test_template_files_are_told_by_their_names() -> None:
    assert changed_files({"a.txt": "1", "b.txt": "2"}, {"a.txt": "1", "b.txt": "3", "de/c.txt": "4"}) == (
        "1 template file added: de/c.txt",
        "1 template file changed: b.txt",
    )
    assert changed_files({"a.txt": "1"}, {"a.txt": "1"}) == ()
