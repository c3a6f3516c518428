"""Line numbers of TOML keys."""

from __future__ import annotations

import tomllib

from hypothesis import example, given
from hypothesis import strategies as st

from mailgate.config.toml.lines import nearest, scan

TEXT = '''# a comment with [brackets] and "quotes
top = 1
[desk]
name = "a # b" # c
text = """
[not.a.table]
fake = 1
"""
raw = \'\'\'x = '
y''\'\'\'
after = 2
[address."support@bank.example"]
plus = true
[a.'b c'."d\\u0065"]
e.f.g = [1, { h = 2 }, [
  3,  # three
  { i = { j = 4 }, k = [5] },
]]
[[rule]]
name = "one"
[rule.when]
subject = "x"
[[rule]]
name = "two"
when = [ { from = "a" },
         { to = "b" } ]
[[rule.then.deep]]
x = 1
[[rule.then.deep]]
x = 2
'''


def test_every_kind_of_key_is_found() -> None:
    lines = scan(TEXT)
    assert {path: line for path, line in lines.items() if path[0] != "rule"} == {
        ("top",): 2,
        ("desk",): 3,
        ("desk", "name"): 4,
        ("desk", "text"): 5,
        ("desk", "raw"): 9,
        ("desk", "after"): 11,
        ("address",): 12,
        ("address", "support@bank.example"): 12,
        ("address", "support@bank.example", "plus"): 13,
        ("a",): 14,
        ("a", "b c"): 14,
        ("a", "b c", "de"): 14,
        ("a", "b c", "de", "e"): 15,
        ("a", "b c", "de", "e", "f"): 15,
        ("a", "b c", "de", "e", "f", "g"): 15,
        ("a", "b c", "de", "e", "f", "g", 0): 15,
        ("a", "b c", "de", "e", "f", "g", 1): 15,
        ("a", "b c", "de", "e", "f", "g", 1, "h"): 15,
        ("a", "b c", "de", "e", "f", "g", 2): 15,
        ("a", "b c", "de", "e", "f", "g", 2, 0): 16,
        ("a", "b c", "de", "e", "f", "g", 2, 1): 17,
        ("a", "b c", "de", "e", "f", "g", 2, 1, "i"): 17,
        ("a", "b c", "de", "e", "f", "g", 2, 1, "i", "j"): 17,
        ("a", "b c", "de", "e", "f", "g", 2, 1, "k"): 17,
        ("a", "b c", "de", "e", "f", "g", 2, 1, "k", 0): 17,
    }


def test_tables_of_a_list_have_their_index_in_the_path() -> None:
    lines = scan(TEXT)
    assert lines["rule", 0] == 19
    assert lines["rule", 0, "name"] == 20
    assert lines["rule", 0, "when", "subject"] == 22
    assert lines["rule", 1] == 23
    assert lines["rule", 1, "when", 0, "from"] == 25
    assert lines["rule", 1, "when", 1, "to"] == 26
    assert lines["rule", 1, "then", "deep", 0, "x"] == 28
    assert lines["rule", 1, "then", "deep", 1, "x"] == 30


def test_an_unknown_path_has_the_line_of_its_nearest_parent() -> None:
    lines = scan(TEXT)
    assert nearest(lines, ("desk", "missing", 3)) == 3
    assert nearest(lines, ("rule", 1, "when", 1, "to", 0)) == 26
    assert nearest(lines, ("nowhere",)) is None
    assert nearest(lines, ()) is None


def paths(value: object, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """Every path of a TOML value."""
    match value:
        case dict():
            items = value.items()
        case list():
            items = enumerate(value)
        case _:
            return set()
    found = set()
    for key, item in items:
        found |= {(*path, key)} | paths(item, (*path, key))
    return found


def test_every_path_that_tomllib_reads_has_a_line() -> None:
    assert paths(tomllib.loads(TEXT)) <= set(scan(TEXT))


@example("a=[}")
@example("a=[{]}")
@given(st.text(alphabet="ab=[]{}\"'\\#,.\n 1", max_size=60))
def test_any_text_is_scanned_to_its_end(text: str) -> None:
    """Valid TOML has a line for every path; the scan of any other text terminates."""
    lines = scan(text)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert paths(data) <= set(lines)
