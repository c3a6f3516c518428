"""A mail that was not carried out, as it was meant."""

from __future__ import annotations

import pytest

from mailgate.phrase import Choice, Phrase, phrase
from mailgate.rules.commands.correction import corrected

UNKNOWN = phrase("refused.unknown", word="assing", hint=phrase("hint.near", near="#assign"))


def line(typed: str, *near: str):
    hint = phrase("hint.near", near=Choice(near)) if near else Phrase("hint.none")
    why = phrase("refused.unknown_name", typed=typed, what=Phrase("name_of.transfer"), hint=hint)
    return phrase("refused.line", line=f"#transfer {typed}", why=why)


def test_a_misspelt_command_and_a_misspelt_name_are_put_right():
    lines = ["*#Assing ann*", "#transfer Suport", "", "She knows #assing."]
    assert corrected(lines, [UNKNOWN, line("Suport", "Support")]) == (
        "#assign ann\n#transfer Support\n\nShe knows #assing."
    )


@pytest.mark.parametrize(
    "problem",
    [
        "anything",
        phrase("refused.unknown", word="assing", hint=phrase("hint.escape", word="assing")),
        line("Suport", "Support", "Supply"),
        line("Suport"),
        phrase("refused.line", line="#due x", why=Phrase("refused.past")),
        Phrase("refused.spam_reply"),
        phrase("refused.unknown", word="elsewhere", hint=phrase("hint.near", near="#show")),
    ],
)
def test_what_cannot_be_told_is_left_to_the_agent(problem):
    assert corrected(["#assing ann", "#transfer Suport"], [problem]) == ""
    assert corrected(["#assing ann", "#transfer Suport"], [UNKNOWN, problem]) == ""


def test_without_a_problem_nothing_is_put_right():
    assert corrected(["#assign ann"], []) == ""


def stray(line: str):
    return phrase("refused.stray", line=line, word=line.removeprefix("#").split()[0])


def test_commands_below_the_text_go_on_top():
    lines = ["It is repaired.", "", "#resolve", "#tag portal", "", "#end"]
    assert corrected(lines, [stray("#resolve"), stray("#tag portal")]) == (
        "#resolve\n#tag portal\n\nIt is repaired.\n\n\n#end"
    )
    assert corrected(["#prio high", "", "Done.", "#resolve"], [stray("#resolve")]) == "#resolve\n#prio high\n\nDone."


def test_a_command_that_is_written_twice_is_left_to_the_agent():
    assert corrected(["Done.", "#resolve", "#resolve"], [stray("#resolve")]) == ""


def test_a_ticket_behind_the_only_command_goes_above_it():
    problem = phrase("refused.alone_number", word="close", number="1002")
    assert corrected(["#close 1002", "#end"], [problem]) == "#ticket 1002\n#close\n#end"
    assert corrected(["#close 1002", "#tag portal"], [problem]) == ""
    assert corrected(["#show"], [problem]) == ""
