"""The command reader: what is a command, what is text, what is returned."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from mailgate.phrase import Phrase
from mailgate.rules.commands.scope import Command
from mailgate.rules.commands.syntax import KNOWN, MOST, NAMES, STATUSES, read_commands
from mailgate.rules.commands.verb import Takes
from mailgate.rules.text.cleanup import clean
from tests.cost import LINEAR, growth
from tests.notices import within
from tests.verbs import EXAMPLES, typed


def read(text: str):
    return read_commands(text.split("\n"))


def one(line: str) -> tuple[str, str, str]:
    """Verb, value and reason of a line that is one command without trouble."""
    result = read(line)
    assert result.problems == ()
    (command,) = result.commands
    return command.verb, command.value, command.reason


def problem(text: str) -> str:
    (only,) = read(text).problems
    return within(only)


@pytest.mark.parametrize("word", NAMES)
def test_every_name_stands_for_its_verb(word):
    name = NAMES[word]
    expected = name.verb.name, name.fixed or EXAMPLES[name.verb.name].value, ""
    assert one(typed(word)) == one(typed(word).replace(word, word.upper(), 1)) == expected


@pytest.mark.parametrize("word", [word for word, name in NAMES.items() if name.takes is Takes.VALUE])
def test_a_command_that_needs_a_value_says_what_it_is(word):
    assert problem(f"#{word}") == f"#{word} needs {within(Phrase(f'needs.{NAMES[word].verb.name}'))} after it"


@pytest.mark.parametrize("word", [word for word, name in NAMES.items() if name.verb.reason])
def test_a_reason_follows_a_dash(word):
    name = NAMES[word]
    value = name.fixed or EXAMPLES[name.verb.name].value
    assert one(f"{typed(word)} -- they own it") == (name.verb.name, value, "they own it")
    if name.takes is Takes.VALUE:
        assert problem(f"#{word} -- why").startswith(f"#{word} needs ")


@pytest.mark.parametrize("word", [word for word, name in NAMES.items() if name.takes is Takes.NOTHING])
def test_a_command_without_a_value_stands_alone(word):
    assert problem(f"#{word} Some Thing").startswith(f"#{word} stands alone on its line; ")


@pytest.mark.parametrize("dash", [" -- ", " – ", " — ", " --- ", " ― ", " --", " –"])
def test_a_reason_follows_any_dash_that_a_mail_program_makes_of_two_hyphens(dash):
    assert one(f"#assign Online Banking{dash}they own it") == ("assign", "Online Banking", "they own it")
    assert one(f"#claim{dash}mine") == ("assign", "me", "mine")


@pytest.mark.parametrize("words", ["because of X.", "we wait...", "*because* of X.", "They said: no."])
def test_a_reason_is_a_sentence_and_keeps_its_full_stop_and_a_name_loses_it(words):
    for line in (f"#assign Ann Reyes. -- {words}", f"#pending fri. -- {words}", f"#close -- {words}"):
        *_, value, reason = one(line)
        assert reason == words
        assert value in ("Ann Reyes", "pending", "closed")
    assert one("#subject The portal is down.")[1] == "The portal is down."
    assert one("#transfer Systems.")[1] == "Systems"
    assert one("*#assign ann -- because of X.*")[2] == "because of X."


def test_a_hyphen_in_a_name_is_no_reason():
    assert one("#sla Sev-C -- business hours - only") == ("sla", "Sev-C", "business hours - only")


def test_a_dash_with_nothing_behind_it_gives_no_reason():
    assert one("#close --") == ("status", "closed", "")


@pytest.mark.parametrize(
    "line",
    [
        "#note",
        "  #note  ",
        "#note.",
        "#note:",
        "#Note!",
        "*#note*",
        "**#note**",
        "_#note_",
        "`#note`",
        "*#note*.",
        "*#note.*",
        "#*note*",
        "***#note",
        "\ufeff#note",
        "#\u200bnote",
        "\u00a0#note\u00a0",
        "\u202a#note\u202c",
        "#no\u00adte",
        "＃ｎｏｔｅ",
        "#\ufe0fnote",
        "#note<http://desk.example/note>",
        "#note [https://desk.example/tags/note]",
        "#note\r",
        "- #note",
        "\u2022\u00a0*#note*",
        "* #note",
        "1. #note",
        "12)\u00a0*#note*",
    ],
)
def test_what_mail_programs_add_is_cleaned_away(line):
    assert one(line) == ("note", "", "")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("#assign ann@x.example<mailto:ann@x.example>", "ann@x.example"),
        ("#assign ann@x.example [mailto:ann@x.example]", "ann@x.example"),
        ("#assign <mailto:ann@x.example?subject=hi>", "ann@x.example"),
        ("*#assign:* <mailto:ann@x.example>.", "ann@x.example"),
        ("#assign Ann Lee <mailto:ann@x.example>", "Ann Lee"),
        ("#assign Ann Lee <ann@x.example>", "Ann Lee <ann@x.example>"),
        ("*#assign* Online\u00a0 Banking.", "Online Banking"),
        ("#assign *Online Banking*", "Online Banking"),
        ("#assign __Online__ Banking", "Online Banking"),
        ("#assign team_one_two", "team_one_two"),
        ("#assign ME", "me"),
        ("#assign \u201enobody\u201c.", "nobody"),
        ('#assign "Online Banking"', "Online Banking"),
        ("#assign \u2018Online Banking\u2019 ", "Online Banking"),
        ('#assign "Ann" Lee', '"Ann" Lee'),
        ('#assign "a", "b"', '"a", "b"'),
        ('#assign ""', '""'),
        ("#assign nobody", "nobody"),
        ("#assign None.", "nobody"),
    ],
)
def test_a_value_is_freed_of_links_and_emphasis(line, value):
    assert one(line) == ("assign", value, "")


def test_a_text_keeps_its_quotes():
    assert one('#subject "Portal" is down') == ("subject", '"Portal" is down', "")
    assert one("#subject \u201cPortal\u201d") == ("subject", "\u201cPortal\u201d", "")
    assert one('#status "closed" -- "no answer"') == ("status", "closed", '"no answer"')


def test_a_link_in_a_reason_does_not_become_the_value():
    assert one("#assign Ann -- see <http://x.example/a> there") == ("assign", "Ann", "see there")


def test_blank_lines_before_and_between_do_not_end_the_block_and_the_text_keeps_its_shape():
    result = read("\n\u00a0\n#note\n\n#claim\n\n\n  Dear all,\n\n   indented\n\n \n")
    assert [command.verb for command in result.commands] == ["note", "assign"]
    assert result.rest == ("  Dear all,", "", "   indented")
    assert result.verbs == {"note", "assign"}


@pytest.mark.parametrize(
    "text",
    [
        "#42 is the one",
        "# heading",
        "#",
        "...",
        "##- line",
        "-- ",
        "\\#note is a word",
        "a #note",
        "- #42",
        "1. #42",
        "2026. #note",
    ],
)
def test_text_is_text(text):
    result = read(text)
    assert result.commands == ()
    assert result.problems == ()
    assert result.rest == (text.replace("\\", ""),)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("\\#note", "#note"),
        ("  \\#note \\#two", "  #note \\#two"),
        ("*\\#note*", "*#note*"),
        ("＼＃note", "#note"),
        ("\\#42", "#42"),
        ("- \\#note", "- #note"),
        ("1. \\#note", "1. #note"),
        ("\\# x", "\\# x"),
    ],
)
def test_an_escaped_word_is_unescaped_in_the_text(typed, text):
    result = read("#claim\n" + typed)
    assert result.problems == ()
    assert result.rest == (text,)


def test_nothing_below_end_is_read():
    below = read("#claim\n#end\n#close\nfoo")
    assert below == replace(read("#claim"), unread=("#close", "foo"))
    assert read("Hello\n*#END*.\n#close") == replace(read("Hello"), unread=("#close",))
    assert read("#end\nHello").rest == ()
    assert problem("#end of story") == "#end stands alone on its line"
    assert problem("Hello\n#end of story").startswith("commands go on top")


def test_line_breaks_inside_a_line_count():
    assert replace(read_commands(["#claim\u2028#close", "x\v#end", "y"]), unread=()) == read("#claim\n#close\nx")
    assert problem("Hello\u2028#close").startswith("commands go on top: “#close”")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("#asign Bob", "#asign is not a command; did you mean #assign?"),
        ("#reslove", "#reslove is not a command; did you mean #resolve?"),
        ("#re-open", "#re-open is not a command; did you mean #reopen?"),
        ("#remind 2h", "#remind is not a command; to begin a line with the word, write \\#remind"),
        ("#time 15m", "#time is not a command; to begin a line with the word, write \\#time"),
        ("#xyzzy", "#xyzzy is not a command; to begin a line with the word, write \\#xyzzy"),
        ("#über alles", "#über is not a command; to begin a line with the word, write \\#über"),
        ("#status sleeping", "“sleeping” is not a status: write open, pending, resolved or closed"),
        ("#status resolved now", "#status takes one word; a reason follows a dash: #status resolved -- now"),
        ("#reply Hello", "#reply stands alone on its line; text goes below it"),
        ("#quiet please", "#quiet stands alone on its line; text goes below it"),
        ("#claim Bob", "#claim stands alone on its line; for somebody else write #assign Bob"),
        ("#close it works", "#close stands alone on its line; a reason follows a dash: #close -- it works"),
        ("#ticket abc", "#ticket takes the number of a ticket, such as 1042, not “abc”"),
        ("#ticket", "#ticket needs the number of a ticket after it"),
        ("#show me", "#show takes the number of a ticket, such as 1042, not “me”"),
        ("#show some files", "#show takes the number of a ticket, such as 1042, not “some files”"),
        ("#confirm", "#confirm needs the code after it"),
        ("#note\n#reply", "#note and #reply cannot both be done: keep one of them"),
        (
            "#pending fri\n#pending mon",
            "#status pending fri and #status pending mon cannot both be done: keep one of them",
        ),
        ("#done\n#close", "#status resolved and #status closed cannot both be done: keep one of them"),
        ("#spam\n#reply", "#spam and #reply cannot both be done: spam is not answered"),
        ("#canned hello\n#spam", "#spam and #canned hello cannot both be done: keep one of them"),
        ("#send abc\n#spam", "#spam and #send abc cannot both be done: keep one of them"),
        ("#spam\n#resolve", "#spam and #status resolved cannot both be done: keep one of them"),
        ("#reopen\n#spam", "#spam and #status open cannot both be done: keep one of them"),
    ],
)
def test_what_cannot_be_read_is_returned_with_what_would_be_right(typed, said):
    assert problem(typed) == said


def test_a_collaborators_word_is_returned_and_never_passes_as_an_agents_text():
    for line in ("#leave", "#leave please"):
        assert problem(line) == "#leave is for collaborators; #uncc ADDRESS takes one off the ticket"
    assert problem("Hello\n#leave").startswith("commands go on top")


@pytest.mark.parametrize("beside", ["#close", "#status closed", "#note", "#note\n#canned hello", "#tag junk"])
def test_spam_goes_with_what_neither_answers_nor_opens(beside):
    assert not read(f"#spam\n{beside}").problems


def test_every_problem_is_named():
    result = read("#asign Bob\n#claim\n#leave 12\n\nHello\n#close")
    assert len(result.problems) == 3
    assert result.commands == (Command("assign", "me", "", "#claim"),)


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_may_be_its_start(status):
    for length in range(1, len(status) + 1):
        assert one(f"#status {status[:length].title()}") == ("status", status, "")


def test_a_status_may_be_any_verb_that_means_it():
    assert one("#status solved -- at last") == ("status", "resolved", "at last")
    assert one("#status close")[1] == "closed"
    assert "is not a status" in problem("#status note")


@pytest.mark.parametrize("typed", ["1042", "#1042", "[#1042]", "[# 1042 ]", "001042", "1042."])
def test_a_ticket_is_named_by_its_number_in_any_form(typed):
    assert one(f"#ticket {typed}") == ("ticket", "1042", "")
    assert one(f"#show {typed}") == ("show", "1042", "")


@pytest.mark.parametrize(
    "line", ["#pending fri 9:00", "#snooze fri 9:00.", "#status pend Fri 9:00", "*#Snooze:* fri 9:00"]
)
def test_pending_takes_a_time_and_a_reason(line):
    (command,) = read(f"{line} -- waits for parts").commands
    assert (command.verb, command.value, command.reason) == ("status", "pending", "waits for parts")
    assert command.until.lower() == "fri 9:00"
    assert read("#pending").commands[0].until == ""


def test_a_subject_keeps_its_dashes():
    assert one("#subject Portal down -- again") == ("subject", "Portal down -- again", "")
    assert problem("#subject") == "#subject needs the new subject after it"


def test_what_adds_up_may_be_said_several_times():
    assert read("#tag a\n#tag b\n#untag c\n#untag d\n#link 1\n#link 2").problems == ()
    assert one("#link [#1042] -- same cause") == ("link", "1042", "same cause")
    assert problem("#link him") == "#link takes the number of a ticket, such as 1042, not “him”"


def test_questions_keep_what_they_ask():
    assert one("#list Systems Administrators") == ("list", "Systems Administrators", "")
    assert one("#search jammed printer") == ("search", "jammed printer", "")
    assert problem("#search") == "#search needs the words to look for after it"
    assert one("#confirm K7QM2P") == ("confirm", "K7QM2P", "")
    assert read("#list mine\n#list overdue\n#show 1\n#show 2\n#claim\n#take").problems == ()


def test_a_known_verb_further_down_returns_the_mail():
    said = problem("Hello,\n\n  *#Close*\nElliot")
    assert said == "commands go on top: “#Close” is below other text (write \\#close for the word itself)"
    assert problem("Hello\n - #note").startswith("commands go on top: “#note”")
    assert problem("Hello\n#note: see above").startswith("commands go on top")
    assert read("Hello\n#monday blues\n#42\n#open-source").problems == ()


LONG = "#assign Systems Administrators -- they look after all of the network"


def test_a_known_verb_within_the_signature_returns_the_mail_too():
    """The mail program put the signature above the place where the agent wrote on."""
    found = read_commands(["Hello"], "-- \nAnn Reyes\n#42, Main Street\n#Close\n#end\n#open")
    assert [within(each) for each in found.problems] == [problem("Hello\n#Close")]
    assert found.rest == ("Hello",)
    assert read_commands(["#claim", "#end"], "-- \n#close").problems == ()


def test_a_long_command_directly_above_text_may_have_been_wrapped():
    assert problem(f"{LONG}\nand of the servers").startswith("put an empty line after the commands")
    assert problem(f"#note\n{LONG}\n#42 is like it").startswith("put an empty line after the commands")
    assert read(f"{LONG}\n\nHello").problems == ()
    assert read(f"{LONG}\n#note\nHello").problems == ()
    assert read(f"{LONG}\n#end\nHello").problems == ()
    assert read(LONG).problems == ()


@pytest.mark.parametrize("length", [60, 61])
def test_sixty_columns_are_not_over_sixty(length):
    line = "#claim -- " + "x" * (length - 10)
    assert bool(read(f"{line}\ntext").problems) == (length > 60)


# Properties

verb_like = st.sampled_from(sorted(KNOWN | {"asign", "x"}))
decorated = st.builds(
    lambda marks, word, value: f"{marks}#{word} {value}{marks[::-1]}",
    st.sampled_from(["", "*", "_", "**", "\u200b", "\u00a0", " ", "\ufeff"]),
    verb_like,
    st.text(max_size=20),
)
lines = st.lists(st.one_of(st.text(max_size=40), decorated, st.just("")), max_size=8)


@given(st.lists(st.text(), max_size=10))
def test_any_text_is_read(anything):
    result = read_commands(anything)
    assert all(map(within, result.problems))


@given(st.one_of(st.text(), decorated))
@example("*_#note_*.")
@example("*#note**")
def test_cleaning_twice_changes_nothing_more(line):
    for part in line.splitlines():
        once = clean(part)
        assert clean(once) == once


@given(lines)
def test_reading_cleaned_lines_gives_the_same_commands(typed):
    cleaned = [clean(part) for line in typed for part in line.splitlines() or [""]]
    first, second = read_commands(typed), read_commands(cleaned)
    assert second.commands == first.commands
    assert len(second.problems) <= len(first.problems)  # cleaning may take a line below the wrap column


@given(lines)
def test_no_command_ever_stays_in_the_text_unless_escaped_or_told(typed):
    result = read_commands(typed)
    assume(not result.problems)
    again = read_commands(("text", *result.rest))
    escaped = [line for line in typed if "\\#" in clean(line)]
    assert len(again.problems) <= len(escaped)


written = sorted(word for word, name in NAMES.items() if name.verb.name != "status" and not name.verb.number)


@given(st.sampled_from(written), st.booleans())
def test_a_read_command_written_again_is_read_the_same(word, reasoned):
    name = NAMES[word]
    value = " Some Name" if name.takes is Takes.VALUE else ""
    line = f"#{word}{value}" + (" -- why not" if name.verb.reason and reasoned else "")
    (command,) = read_commands([line]).commands
    written = f"#{command.verb} {command.value}" + (f" -- {command.reason}" if command.reason else "")
    (again,) = read_commands([written]).commands
    assert (again.verb, again.value, again.reason) == (command.verb, command.value, command.reason)


LENGTHY = "x" * 9000


@pytest.mark.parametrize(
    "text",
    [
        f"#status {LENGTHY}",
        f"#status open {LENGTHY}",
        f"#ticket {LENGTHY}",
        f"#claim {LENGTHY}",
        f"#close {LENGTHY}",
        f"#{LENGTHY}",
        f"#claim -- {LENGTHY}\n{LENGTHY}",
        f"a\n#claim {LENGTHY}",
        f"#subject {LENGTHY}\n#subject {LENGTHY} too",
    ],
)
def test_what_is_told_back_stays_readable(text):
    assert len(problem(text)) < 300


def test_a_mail_of_very_many_commands_is_returned_at_once() -> None:
    """Anybody can write one in an agent's name: it is read before it is held."""
    for line in ("#zzzz", "#prio low", "#prio"):
        read = read_commands([line] * 30_000)
        assert read.problems
        assert len(read.problems) + len(read.commands) <= 2 * MOST + 1
    assert len(read_commands(["Hello", *["#close"] * 100_000]).problems) == MOST


@pytest.mark.parametrize("piece", ["<mailto:a> ", "<http://x> ", "-- ", "*a* ", "_", "#", "- "])
def test_a_line_of_a_million_characters_costs_linear_time(piece: str) -> None:
    assert growth(lambda length: read_commands(["#close " + piece * (length // len(piece))]), 1_000_000) < LINEAR
