"""Canned responses: an agent's #canned, and a rule's automatic answer."""

from __future__ import annotations

import pytest

from mailgate.config.load import load
from mailgate.store.tickets import tickets
from mailgate.ticket import Actor
from mailgate.writing.templates.canned import check_canned
from tests.desk import CONFIG, KAREN, Bench, to, told

ELLIOT, ANN, VERA, BOB = "elliot@bank.example", "ann@bank.example", "vera@bank.example", "bob@bank.example"
TEXTS = """
[canned."password-reset"]
text = '''
Dear {{ requester.first_name or "customer" }},

set a new password at https://bank.example/{{ ticket.number }}.
{% if agent.name %}{{ agent.first_name }}, {% endif %}{{ desk.name }}'''

[canned."password-policy"]
text = { en = "Twelve characters.", de = "Zwölf Zeichen, seit {{ ticket.opened }}." }

[canned.card]
text = "We got {{ ticket.token }} ({{ ticket.department }}{{ ticket.topic }})."

[[rule]]
name = "Passwords"
when = { subject = "password" }
then = { canned = "password-reset" }

[[rule]]
name = "Deutsch"
when = { subject = "Regeln" }
then = { canned = "password-policy", language = "de" }

[[rule]]
name = "Doors"
when = { subject = "door" }
then = { canned = "card", topic = "Report a Problem" }
"""
RESET = "Dear Karen,\n\nset a new password at https://bank.example/1001."


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, CONFIG + TEXTS)


@pytest.fixture
def alert(bench):
    return to(bench.send(KAREN, "I cannot log in."), ELLIOT)


# ── by agents ───────────────────────────────────────────────────────────────────────────


def test_a_canned_response_alone_is_the_reply(bench, alert):
    mails = bench.send(ELLIOT, "#canned password-r", answers=alert)
    assert bench.thread()[1] == ("reply", f"{RESET}\nElliot, First Bank Help Desk")
    assert RESET in to(mails, "karen@client.example").text
    assert "Auto-Submitted" not in to(mails, "karen@client.example").message
    assert str(bench.ticket().assignee) == "agent:elliot"


def test_it_stands_above_the_agents_text(bench, alert):
    bench.send(ELLIOT, "#canned hello\n#resolved\n\nI reset it for you.", answers=alert)
    assert bench.thread()[1] == ("reply", "Hello Karen Client, we look into it.\n\nI reset it for you.")


def test_it_makes_a_reply_of_what_would_be_a_note_and_stays_inside_with_note(bench, alert):
    note = to(bench.send(ELLIOT, "#note\n#assign ann\n\nSee.", answers=alert), ANN)
    bench.send(ANN, "#canned hello", answers=note)
    bench.send(ANN, "#canned card\n#note", answers=note)
    assert [kind for kind, _ in bench.thread()[2:]] == ["reply", "note"]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("password", "“password” could be password-policy or password-reset"),
        ("helo", "did you mean hello?"),
        ("zzz", "no canned response is called “zzz”"),
        ("hello\n#canned card", "cannot both be done"),
    ],
)
def test_a_name_that_is_not_clear_is_returned(bench, alert, typed, problem):
    (mail,) = bench.send(ELLIOT, f"#canned {typed}", answers=alert)
    assert mail.kind == "command-failed"
    assert problem in mail.text
    assert len(bench.thread()) == 1


def test_the_canned_text_is_public_though_a_note_holds_it_and_the_agents_words_are_looked_at(bench, alert):
    bench.send(
        ELLIOT, "#note\n\nSend them: Hello Karen Client, we look into it. The fraud team is at the door.", answers=alert
    )
    mails = bench.send(ELLIOT, "#canned hello", answers=alert)
    assert to(mails, "karen@client.example").kind == "reply"
    (back,) = bench.send(ELLIOT, "#canned hello\n\nThe fraud team is at the door.", answers=alert)
    assert back.kind == "held"


def test_what_is_not_public_is_not_in_it(bench):
    alert = to(bench.send(KAREN, "It is stuck.", subject="Stuck"), ANN)
    bench.send(ANN, "#transfer Maintenance", answers=alert)
    mails = bench.send(ANN, "#canned card", answers=alert)
    assert "We got [#1001] (General Inquiry)." in to(mails, "karen@client.example").text


def test_masked_agents_stay_masked(tmp_path):
    bench = Bench(tmp_path, CONFIG.replace("plus = true", 'plus = true\nfrom = "{address}"') + TEXTS)
    alert = to(bench.send(KAREN, "I cannot log in."), ELLIOT)
    mails = bench.send(ELLIOT, "#canned password-reset", answers=alert)
    assert "Elliot" not in to(mails, "karen@client.example").everything
    bench.db.close()


def test_it_takes_the_permission_to_reply(bench):
    alert = to(bench.send(KAREN, "All is down.", to="outages@bank.example"), VERA)
    (mail,) = bench.send(VERA, "#canned hello", answers=alert)
    assert "it takes the permission `reply`" in mail.text


def test_new_with_a_canned_response_writes_it_first(bench, alert):
    mails = bench.send(ELLIOT, "#new lee@client.example\n#canned password-policy", answers=alert)
    assert bench.thread(1002) == [("reply", "Twelve characters.")]
    assert "Twelve characters." in to(mails, "lee@client.example").text


def test_help_lists_them(bench, alert):
    (mail,) = bench.send(ELLIOT, "#help", answers=alert)
    assert "Canned responses: card, hello, password-policy, password-reset" in mail.text


# ── by rules ────────────────────────────────────────────────────────────────────────────


def test_a_rule_answers_with_it_instead_of_the_acknowledgement_once(bench):
    mails = bench.send(KAREN, "I forgot it.", subject="My password")
    answer = to(mails, "karen@client.example")
    assert answer.kind == "acknowledgement"
    assert f"{RESET}\nFirst Bank Help Desk" in answer.text
    assert "We have received" not in answer.everything
    assert "I forgot it" not in answer.everything
    assert answer.message["Auto-Submitted"] == "auto-replied"
    assert bench.thread()[1] == ("reply", f"{RESET}\nFirst Bank Help Desk")
    assert tickets.thread(bench.db, 1001)[1].by == Actor.rule("Passwords")
    ticket = bench.ticket()
    assert (ticket.first_response_at, ticket.assignee) == (None, None)  # nobody has answered yet
    assert ticket.waiting_since is not None
    later = bench.send(KAREN, "And now? My password!", answers=answer)
    assert not [mail for mail in later if mail.to == "karen@client.example"]


def test_it_is_in_the_tickets_language(bench):
    mails = bench.send(KAREN, "Welche?", subject="Regeln")
    assert "Zwölf Zeichen, seit Fr., 20. November 2026, 09:00 Uhr UTC." in to(mails, "karen@client.example").text


def test_a_hidden_department_is_not_named(bench):
    mails = bench.send(KAREN, "Stuck.", subject="The door")
    assert "We got [#1001] (Report a Problem)." in to(mails, "karen@client.example").text
    assert "Maintenance" not in to(mails, "karen@client.example").everything


@pytest.mark.parametrize("headers", [{"Precedence": "bulk"}, {"Auto-Submitted": "auto-generated"}])
def test_a_machine_gets_none(bench, headers):
    mails = bench.send(KAREN, "I forgot it.", subject="My password", headers=headers)
    assert not [mail for mail in mails if mail.to == "karen@client.example"]
    assert len(bench.thread()) == 1


def test_it_counts_against_the_limits_and_what_is_held_back_stands_in_no_thread(tmp_path):
    bench = Bench(tmp_path, CONFIG + TEXTS + '\n[notices]\nlimit_per_sender = "1/1h"\n')
    bench.send(KAREN, "I forgot it.", subject="My password")
    mails = bench.send(KAREN, "Again.", subject="My password again")
    assert told(mails) == {("new-ticket", ELLIOT), ("new-ticket", ANN)}
    assert bench.thread(1002) == [("message", "Again.")]
    bench.db.close()


def test_an_agents_reply_may_repeat_what_the_rule_sent(bench):
    alert = to(bench.send(KAREN, "I forgot it.", subject="My password"), ELLIOT)
    mails = bench.send(ELLIOT, "As I said: set a new password at https://bank.example/1001.", answers=alert)
    assert to(mails, "karen@client.example").kind == "reply"


def test_one_that_cannot_be_filled_in_leaves_the_acknowledgement_and_returns_the_command(tmp_path, caplog):
    broken = TEXTS.replace("{{ desk.name }}", "{{ 1 // (ticket.number | int - 1001) }}")
    bench = Bench(tmp_path, CONFIG + broken)
    mails = bench.send(KAREN, "I forgot it.", subject="My password")
    assert "We have received your request" in to(mails, "karen@client.example").text
    (mail,) = bench.send(ELLIOT, "#canned password-reset", answers=to(mails, ELLIOT))
    assert "The canned response password-reset cannot be filled in" in mail.text
    bench.db.close()


# ── in the configuration ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{{ requster.name }}", "'requster' is undefined: did you mean requester?"),
        ("{{ requester.firstname }}", "has no attribute 'firstname': did you mean first_name?"),
        ("{{ ticket.due }}", "has no attribute 'due': docs/templates.md lists the values that there are"),
        ("{% if %}", "line 1 of the text"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ requester.name[0] }}", "has no element 0"),  # not everybody has a name
    ],
)
def test_check_names_place_and_fault(tmp_path, text, what):
    path = tmp_path / "config.toml"
    path.write_text(f'{CONFIG}\n[canned.bad]\ntext = "{text}"\n[canned.worse.text]\nde = "{text}"\n')
    config, _ = load(path)
    last = path.read_text().count("\n")
    problems = check_canned(config)
    assert [problem.line for problem in problems] == [last - 2, last]
    assert [problem.where for problem in problems] == ["[canned.bad.text]", "[canned.worse.text.de]"]
    assert all(what in problem.what for problem in problems), problems


def test_a_reload_with_a_broken_one_is_refused(tmp_path):
    from mailgate.daemon.worker import validate
    from mailgate.errors import ConfigError

    path = tmp_path / "config.toml"
    path.write_text(CONFIG + '\n[canned.bad]\ntext = "{{ x }}"\n')
    with pytest.raises(ConfigError, match=r"canned\.bad"):
        validate(path)
