"""The command line as scripts use it: position of options, exit codes, JSON, output."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import sys
from contextlib import closing, nullcontext
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from mailgate.cli.main import main
from mailgate.desk.report import count_on_own_connection
from mailgate.store.db import open_writer
from mailgate.store.queues import trace
from mailgate.system.lock import Lock
from tests.desk import CONFIG, START

MAIL = """\
From: Karen Client <karen@client.example>
To: support@bank.example
Subject: Portal is down
Message-ID: <k1@client.example>

It does not work.
"""


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """An empty desk in the working directory."""
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "a.eml").write_text(MAIL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILGATE_CONFIG", raising=False)
    return tmp_path


def call(*words):
    """Run a command line and return its exit code."""
    try:
        return main(list(words))
    except SystemExit as end:
        return end.code


def pipe_in(monkeypatch, text):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


@pytest.mark.parametrize(
    "words",
    [
        ("-c", "config.toml", "--json", "tickets", "list"),
        ("tickets", "-c", "config.toml", "--json", "list"),
        ("tickets", "list", "--json", "-c", "config.toml"),
        ("--json", "tickets", "-c", "config.toml", "list", "--status", "all"),
        ("queue", "--json", "outbox", "-c", "config.toml", "list"),
    ],
)
def test_common_options_may_precede_or_follow_verb_and_sub_verb(desk, capsys, words):
    assert call(*words) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    "words",
    [
        ("tickets", "list", "--status", "bogus"),
        ("tickets", "list", "--department", "bogus"),
        ("tickets", "list", "--assignee", "bogus"),
        ("tickets", "list", "--limit", "-3"),
        ("tickets", "list", "stray"),
        ("tickets", "do", "1001"),
        ("tickets", "do", "1001", "#close", "--as", "bogus"),
        ("tickets", "do", "1001", "#close", "--bogus"),
        ("tickets", "do", "1001", "close"),
        ("tickets", "new", "--requester", "Nobody Known", "--subject", "x"),
        ("tickets", "new", "--requester", "karen@client.example", "--subject", " "),
        ("report", "--since", "bogus"),
        ("init", "there", "--agent", "nobody", "--address", "a@b.example"),
        ("init", "there"),
    ],
)
def test_invalid_arguments_exit_2_with_a_message(desk, capsys, monkeypatch, words):
    pipe_in(monkeypatch, "")
    assert call("ingest", "a.eml") == 0
    capsys.readouterr()
    assert call(*words) == 2
    out, err = capsys.readouterr()
    assert (out, bool(err)) == ("", True)


def test_something_missing_exits_1(desk, capsys):
    assert call("tickets", "show", "999") == 1
    assert call("queue", "inbox", "show", "9") == 1
    assert call("explain", "missing.eml") == 1
    assert capsys.readouterr().err.splitlines()[-1] == "mailgate: missing.eml: no such file"


def test_options_may_stand_between_commands(desk, capsys):
    assert call("ingest", "a.eml") == 0
    assert call("tickets", "do", "1001", "--as", "ann", "#priority high", "--json", "#topic report") == 0
    out = capsys.readouterr().out
    assert json.loads(out) == {"ok": True, "done": ["Priority: High.", "Help topic: Report a Problem."], "errors": []}


def test_show_prints_local_times_and_the_people_that_a_note_asked(desk, capsys):
    config = desk / "config.toml"
    config.write_text(config.read_text().replace("[desk]", '[desk]\ntimezone = "Asia/Tokyo"'))
    assert call("ingest", "a.eml") == 0
    (desk / "text").write_text("What is it?")
    assert call("tickets", "do", "1001", "--as", "ann", "#note expert@x.example", "--text", "text") == 0
    assert call("tickets", "do", "1001", "#due 3h") == 0
    capsys.readouterr()
    assert call("tickets", "show", "1001") == 0
    out = capsys.readouterr().out
    assert call("tickets", "show", "1001", "--json") == 0
    note = json.loads(capsys.readouterr().out)["thread"][1]
    there = f"{datetime.fromisoformat(note['at']).astimezone(ZoneInfo('Asia/Tokyo')):%Y-%m-%d %H:%M:%S} JST"
    assert f"\n--- note 2, Ann Reyes, {there}\n" in out
    assert re.search(rf"^{there}  noted +agent:ann asked expert@x\.example$", out, re.MULTILINE)
    assert re.search(r"due-changed +admin \S+ \S+ JST -> \d{4}-\d\d-\d\d \S+ JST$", out, re.MULTILINE)


def test_show_prints_changes_of_people_and_the_wake_time(desk, capsys):
    assert call("ingest", "a.eml") == 0
    assert (
        call("tickets", "do", "1001", "#cc boss@client.example", "#pending 2h", "#requester Lee <lee@x.example>") == 0
    )
    capsys.readouterr()
    assert call("tickets", "show", "1001") == 0
    out = capsys.readouterr().out
    assert "pending until " in out
    assert re.search(r"cc-changed +admin - -> boss@client\.example$", out, re.MULTILINE)
    assert re.search(r"requester-changed +admin .* -> Lee, lee@x\.example$", out, re.MULTILINE)
    assert call("--json", "tickets", "show", "1001") == 0
    assert json.loads(capsys.readouterr().out)["wake_at"].endswith("Z")


def test_a_command_without_its_sign_is_rejected_not_sent_as_a_reply(desk, capsys):
    assert call("ingest", "a.eml") == 0
    assert call("tickets", "do", "1001", "close") == 2
    assert "“close” is not a command" in capsys.readouterr().err
    assert call("--json", "tickets", "show", "1001") == 0
    assert [entry["kind"] for entry in json.loads(capsys.readouterr().out)["thread"]] == ["message"]


def test_a_requester_may_be_given_with_a_name(desk, capsys):
    assert call("tickets", "new", "--requester", "Karen Client <Karen@Client.example>", "--subject", "x") == 0
    assert call("--json", "tickets", "show", capsys.readouterr().out.strip()) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["requester"] == {"name": "Karen Client", "email": "karen@client.example"}


def test_new_accepts_a_requester_name_and_text_from_a_pipe_and_prints_number_and_notices(desk, capsys, monkeypatch):
    assert call("ingest", "a.eml") == 0
    capsys.readouterr()
    pipe_in(monkeypatch, "Caf\u00e9 machine.\r\nEvery Friday.\n")
    assert call("tickets", "new", "--requester", "karen client", "--subject", "Check", "--text", "-", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    notices = {notice["kind"]: notice for notice in found.pop("notices")}
    assert found == {"ok": True, "number": 1002, "errors": []}
    assert notices["opened-for-you"] == {
        "kind": "opened-for-you",
        "to": "karen@client.example",
        "subject": "[#1002] Check",
    }
    assert "new-ticket" in notices
    assert call("--json", "tickets", "show", "1002") == 0
    (entry,) = json.loads(capsys.readouterr().out)["thread"]
    assert entry["text"] == "Caf\u00e9 machine.\nEvery Friday."
    assert call("tickets", "new", "--requester", "karen", "--subject", "Check", "--quiet", "--json") == 0
    assert {each["kind"] for each in json.loads(capsys.readouterr().out)["notices"]} == {"new-ticket"}


def test_a_failed_new_prints_json(desk, capsys):
    assert call("tickets", "new", "--requester", "support@bank.example", "--subject", "x", "--json") == 2
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["number"]) == (False, None)
    assert "an address of the desk" in found["errors"][0]


def test_a_failed_do_prints_json(desk, capsys):
    assert call("tickets", "new", "--requester", "karen@client.example", "--subject", "Slow") == 0
    capsys.readouterr()
    for words, code, why in (
        (("4711", "#close"), 1, "ticket 4711 was not found"),
        (("1001", "#close", "--as", "bogus"), 2, "--as bogus: no such agent"),
        (("1001", "#confirm abcdefgh"), 1, "#confirm abcdefgh: a code confirms a mail that is held"),
    ):
        assert call("tickets", "do", *words, "--json") == code
        document = json.loads(capsys.readouterr().out)
        assert (document["ok"], document["done"], document["errors"][0][: len(why)]) == (False, [], why)


def test_a_desk_without_canned_responses_says_so(desk, capsys):
    (desk / "config.toml").write_text(CONFIG.partition("[canned.")[0])
    call("ingest", "a.eml")
    assert call("tickets", "do", "1001", "#canned hello") == 1
    assert "no canned response is called “hello”; none is configured" in capsys.readouterr().err


@pytest.mark.parametrize("runs", [False, True])
def test_tickets_are_carried_over_to_renamed_teams_unless_a_daemon_is_running(desk, capsys, runs):
    call("ingest", "a.eml")
    call("tickets", "do", "1001", "#assign Online Banking")
    renamed = CONFIG.replace('[team."Online Banking"]', '[team.Banking]\nwas = ["Online Banking"]')
    (desk / "config.toml").write_text(renamed)
    with Lock(desk / "var/mailgate.db") if runs else nullcontext():
        assert call("tickets", "do", "1001", "#priority high") == 0
    capsys.readouterr()
    call("tickets", "show", "1001", "--json")
    shown = json.loads(capsys.readouterr().out)
    assert shown["assignee"] == {"team": "Online Banking" if runs else "Banking"}
    assert shown["priority"] == "High"


def test_a_list_has_every_field_but_thread_and_events(desk, capsys):
    assert call("ingest", "a.eml") == 0
    capsys.readouterr()
    assert call("tickets", "list", "--json") == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert call("tickets", "show", "1001", "--json") == 0
    whole = json.loads(capsys.readouterr().out)
    assert listed == {key: value for key, value in whole.items() if key not in ("thread", "events")}


@pytest.mark.parametrize("words", [("ingest",), ("ingest", "-"), ("ingest", "--quiet")])
def test_ingest_from_a_pipe(desk, capsys, monkeypatch, words):
    pipe_in(monkeypatch, MAIL)
    assert call(*words) == 0
    assert call("tickets", "list", "--json") == 0
    assert [each["number"] for each in json.loads(capsys.readouterr().out)] == [1001]


@pytest.mark.parametrize(
    "line",
    [
        "--bogus",
        "-c nowhere.toml",
        "--recipent support@bank.example",
        "--quiet --bogus value --json",
        "- --bogus value",
        "--recip support@bank.example -c nowhere.toml",
        "--sender k@client.example --bogus value",
    ],
)
def test_a_failed_ingest_from_a_pipe_exits_75(desk, monkeypatch, line):
    """Also for an option that is misspelt, whose value is no file: an MTA would return the mail for any other code."""
    pipe_in(monkeypatch, MAIL)
    assert call("ingest", *line.split()) == 75


@pytest.mark.parametrize(
    "line", ["--bogus a.eml", "a.eml --bogus value", "--quiet none.eml", "--sender=x none.eml", "-- --x"]
)
def test_a_failed_ingest_of_a_file_does_not(desk, line):
    assert call("ingest", *line.split()) in (1, 2)


def test_check_reports_errors_of_config_and_templates_together(desk, capsys):
    (desk / "config.toml").write_text(CONFIG.replace('department = "Maintenance"', 'department = "Nowhere"'))
    (desk / "templates").mkdir()
    (desk / "templates" / "reply.txt").write_text("{{ open")
    assert call("check", "--json") == 2
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert [(each["where"], bool(each["line"])) for each in problems] == [
        ('[topic."Report a Problem".department]', True),
        ("", True),
    ]
    assert problems[1]["file"].endswith("templates/reply.txt")


@pytest.mark.parametrize(
    ("config", "template", "what"),
    [
        ('[canned.bad]\ntext = "{{ requester.firstname }}"\n', "", "[canned.bad.text]"),
        ("", "{% if %}", "templates/reply.txt:"),
        ("", "{{ no_such_value }}", "'no_such_value' is undefined"),
        ('[schedule.Days]\nhours = { mon = "08:00-17:00" }\nholidays = ["XX"]\n', "", "no holidays are known"),
        ('[desk]\nname = ""\n', "", "twice"),
    ],
)
def test_what_check_rejects_no_daemon_starts_with_or_reloads(desk, capsys, config, template, what):
    (desk / "config.toml").write_text(f"{CONFIG}\n{config}")
    if template:
        (desk / "templates").mkdir()
        (desk / "templates" / "reply.txt").write_text(template)
    for verb in ("check", "run", "reload"):
        assert call(verb) == 2, verb
        assert what in capsys.readouterr().err, verb


def test_check_and_run_reject_a_used_database_without_its_secret(desk, capsys):
    assert call("check") == 0, "none has been created yet"
    assert call("ingest", "a.eml") == 0
    (desk / "var" / "secret").rename(desk / "elsewhere")
    for words in (("check",), ("run",)):
        capsys.readouterr()
        assert call(*words) == 2
        assert "config.toml: [desk.secret] cannot read" in (message := capsys.readouterr().err)
        assert "restore the old one" in message


# ── explain ─────────────────────────────────────────────────────────────────────────────


def explained(desk, capsys, raw):
    (desk / "x.eml").write_text(raw)
    assert call("explain", "--json", "x.eml") == 0
    return json.loads(capsys.readouterr().out)


def test_explain_of_mail_without_a_ticket_has_the_final_subject(desk, capsys):
    """A confirmation request has no ticket to take its subject from."""
    held = explained(
        desk,
        capsys,
        "From: elliot@bank.example\nTo: support@bank.example\nSubject: [#1001] hi\n\n#close\n",
    )
    assert [(each["kind"], each["subject"]) for each in held["notices"]] == [("confirm", "Please confirm: hi")]
    assert held["sender"] == {"kind": "agent", "name": "Elliot Alderson", "assurance": "none"}
    assert (held["ticket"], held["error"]) == (None, None)
    assert [each["verb"] for each in held["commands"]] == ["status"], "the commands to be applied after confirmation"


@pytest.mark.parametrize(("result", "auth", "kinds"), [("pass", "pass", 3), ("fail (p=reject)", "fail", 2)])
def test_explain_trusts_the_authserv_ids_of_every_source(desk, capsys, result, auth, kinds):
    """Mail that failed DMARC notifies agents only."""
    rule = f'[[rule]]\nname = "auth"\nwhen = {{ auth = "{auth}" }}\nthen = {{ tags = ["hit"] }}\n'
    smtp = '[smtp]\nlisten = "127.0.0.1:8025"\nauthserv_ids = ["mx.bank.example"]\n'
    (desk / "config.toml").write_text(f"{CONFIG}\n{smtp}\n{rule}")
    header = f"Authentication-Results: mx.bank.example; dmarc={result} header.from=client.example\n"
    found = explained(desk, capsys, header + MAIL)
    assert found["rules"][0]["matched"]
    assert len(found["notices"]) == kinds


def test_explain_shows_the_author_of_a_forwarded_mail(desk, capsys):
    raw = MAIL.replace("Portal is down", "Fwd: printer") + (
        "\n---------- Forwarded message ---------\nFrom: Bob Smith <bob@third.example>\n"
        "Date: Sat, 21 Nov 2026 at 10:00\nSubject: printer\nTo: Karen <karen@client.example>\n\nMy printer.\n"
    )
    found = explained(desk, capsys, raw)
    assert found["forwarded"] == {"from": {"name": "Bob Smith", "email": "bob@third.example"}, "subject": "printer"}


def test_explain_shows_the_author_of_an_attached_mail_but_not_of_a_bounced_one(desk, capsys):
    returned = (
        "From: Bob Smith <bob@third.example>\nTo: x@third.example\nSubject: printer\nMessage-ID: <p@x>\n\nMine.\n"
    )
    attached = (
        "From: ann@bank.example\nTo: support@bank.example\nSubject: Fwd: printer\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nSee.\n--b\nContent-Type: message/rfc822\n\n'
        f"{returned}--b--\n"
    )
    found = explained(desk, capsys, attached)
    assert found["forwarded"] == {"from": {"name": "Bob Smith", "email": "bob@third.example"}, "subject": "printer"}
    bounce = (
        "From: Mail Delivery Subsystem <mailer-daemon@mx.example>\nTo: support@bank.example\n"
        "Subject: Returned mail: User unknown\n\nThe following addresses had permanent fatal errors\n"
        "<x@third.example>\n550 5.1.1 User unknown\n\n   ----- Original message follows -----\n\n" + returned
    )
    assert explained(desk, capsys, bounce)["forwarded"] is None


def test_explain_reads_a_missing_database_as_empty_and_does_not_create_it(desk, capsys):
    assert explained(desk, capsys, MAIL)["ticket"]["number"] == 1001
    assert sorted(each.name for each in desk.iterdir()) == ["a.eml", "config.toml", "x.eml"]


def test_the_last_step_of_a_trace_is_done(desk, capsys):
    assert call("ingest", "a.eml") == 0
    assert call("trace", "<k1@client.example>", "--json") == 0
    steps = [each["step"] for each in json.loads(capsys.readouterr().out) if each["direction"] == "in"]
    assert steps[:2] == ["arrived", "screened"]
    assert steps[-1] == "done"


@pytest.mark.parametrize(
    ("more", "end"),
    [
        ("Auto-Submitted: auto-replied\nSubject: Out of office", "quarantined: auto-reply-without-ticket an automatic"),
        ("Subject: Hello\nMessage-ID: <k1@client.example>", "dropped: duplicate"),
    ],
)
def test_the_end_of_a_mail_is_one_line_that_says_why(desk, capsys, more, end):
    (desk / "b.eml").write_text(f"From: Karen <karen@client.example>\nTo: support@bank.example\n{more}\n\nAway.\n")
    assert call("ingest", "b.eml") == 0
    if end.startswith("dropped"):
        (desk / "c.eml").write_text("Received: by b\n" + (desk / "b.eml").read_text())
        assert call("ingest", "c.eml") == 0
    assert call("trace", "karen@client.example") == 0
    out = capsys.readouterr().out
    assert out.count(end.partition(" ")[0]) == 1
    assert end in out


def test_trace_finds_mail_without_from_by_its_envelope_sender(desk, capsys):
    (desk / "b.eml").write_bytes(b"\xff\xfe\x00garbage")
    assert call("ingest", "b.eml", "--sender", "Odd@client.example") == 0
    assert call("trace", "odd@client.example", "--json") == 0
    steps = [each["step"] for each in json.loads(capsys.readouterr().out)]
    assert steps[:2] == ["arrived", "screened"]
    assert "done" in steps


def test_trace_finds_a_refused_recipient(desk, capsys):
    with closing(open_writer(desk / "var" / "mailgate.db")) as db, db.transaction():
        text = "127.0.0.1 to Nobody@bank.example: 550 5.1.1 No such address here"
        line = trace.Line(at=START, direction="in", step="refused", text=text, address="a@b.example")
        trace.add(db, [line])
    for address in ("a@b.example", "nobody@bank.example"):
        assert call("trace", address, "--json") == 0
        assert [each["step"] for each in json.loads(capsys.readouterr().out)] == ["refused"]
    assert call("trace", "body@bank.example") == 1
    assert "no mail found for body@bank.example" in capsys.readouterr().err


# ── status ──────────────────────────────────────────────────────────────────────────────


def problems(capsys):
    assert call("status", "--json") == 1
    return [each for each in json.loads(capsys.readouterr().out)["problems"] if "no daemon" not in each]


def test_unreadable_mail_in_quarantine_is_a_problem_but_an_automatic_reply_is_not(desk, capsys):
    (desk / "away.eml").write_text(MAIL.replace("Subject:", "Auto-Submitted: auto-replied\nSubject:"))
    assert call("ingest", "away.eml") == 0
    assert problems(capsys) == []
    (desk / "b.eml").write_bytes(b"\xff\xfe\x00garbage")
    assert call("ingest", "b.eml") == 0
    assert problems(capsys) == ["mail in quarantine: 1; see: mailgate queue quarantine list"]


# ── init ────────────────────────────────────────────────────────────────────────────────


def test_init_gives_agents_with_the_same_local_part_different_keys(desk, capsys):
    agents = ("Ann <ann@a.example>", "Ann Two <ann@b.example>", "Third <ann@c.example>")
    flags = [word for agent in agents for word in ("--agent", agent)]
    assert call("init", "new", "--address", "help@a.example", *flags) == 0
    assert call("check", "-c", "new/config.toml") == 0
    text = (desk / "new" / "config.toml").read_text()
    assert [key for key in ("[agent.ann]", "[agent.ann-2]", "[agent.ann-3]") if key in text] == [
        "[agent.ann]",
        "[agent.ann-2]",
        "[agent.ann-3]",
    ]


def test_a_failed_init_leaves_no_files(desk, capsys):
    assert call("init", "new", "--address", "no-address", "--agent", "ann@a.example") == 2
    assert not (desk / "new").exists()


def test_an_interrupted_init_writes_nothing(desk, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", raising_end)
    assert call("init", "new") == 2
    assert capsys.readouterr().err == "mailgate: no more answers; nothing is written\n"
    assert not (desk / "new").exists()


def raising_end(question):
    raise EOFError


def test_show_raw_prints_the_message_as_received(desk, capsysbinary):
    assert call("ingest", "a.eml") == 0
    assert call("tickets", "show", "1001", "--raw", "1") == 0
    assert capsysbinary.readouterr().out == MAIL.encode()
    assert call("tickets", "show", "1001", "--raw", "1", "--json") == 0
    assert json.loads(capsysbinary.readouterr().out) == {"raw": MAIL}


@pytest.mark.parametrize(
    "words",
    [
        ("trace", "ann@client.example"),
        ("tickets", "list"),
        ("tickets", "show", "1001"),
        ("queue", "outbox", "list"),
        ("explain", "steer.eml"),
        ("tickets", "do", "1001", "#show"),
    ],
)
def test_control_characters_in_mail_do_not_reach_the_terminal(desk, capsys, words):
    name = '"=?utf-8?q?Ann=1B=5B31m?="'
    steering = "=?utf-8?q?Title=1B=5D0=3Bowned=07_=9Bclear?="
    body = "hello \x1b[2J there"
    (desk / "steer.eml").write_text(
        f"From: {name} <ann@client.example>\nTo: help@bank.example\nSubject: {steering}\n"
        f"Message-ID: <steer@client.example>\n\n{body}\n"
    )
    call("ingest", "steer.eml")
    with closing(open_writer(desk / "var" / "mailgate.db")) as db, db.transaction():
        line = trace.Line(at=START, direction="in", step="refused", text="\x1b[2J", address="ann@client.example")
        trace.add(db, [line])
    capsys.readouterr()
    assert call(*words) == 0
    out, err = capsys.readouterr()
    assert out
    assert "\x1b" not in out + err
    assert "\x07" not in out + err


def test_the_html_report_contains_no_parts_of_a_mail(desk, capsys, tmp_path):
    page = tmp_path / "report.html"
    assert call("report", "--html", str(page)) == 0
    assert f"written to {page}" in capsys.readouterr().err
    text = page.read_text("utf-8")
    assert "The whole desk." in text
    assert "Write your answer" not in text
    assert "Ref:" not in text


def test_the_trace_of_a_mail_that_opened_a_ticket(desk, capsys):
    call("ingest", "a.eml", "--quiet")
    capsys.readouterr()
    assert call("trace", "1001") == 0
    shown = capsys.readouterr().out
    assert "done: new ticket 1001" in shown
    assert "nothing-names" not in shown
    for written in ("#1001", "[#1001]"):
        assert call("trace", written) == 0
        assert capsys.readouterr().out == shown


def test_an_export_contains_every_ticket_completely_and_in_order(desk, capsys, monkeypatch):
    monkeypatch.setattr("mailgate.cli.tickets.view.EXPORT_BATCH", 2)
    for number in range(5):
        assert call("tickets", "new", "--requester", "k@x.example", "--subject", f"No {number}", "--quiet") == 0
    capsys.readouterr()
    assert call("tickets", "export") == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [ticket["number"] for ticket in found] == [1001, 1002, 1003, 1004, 1005]
    assert all({"thread", "events", "requester"} <= set(ticket) for ticket in found)
    assert call("tickets", "export", "--output", "all.jsonl") == 0
    out, err = capsys.readouterr()
    assert (out, "5 tickets written to all.jsonl" in err) == ("", True)


def test_an_export_that_waits_for_its_reader_holds_no_transaction(desk, monkeypatch):
    """A pager that nobody scrolls would keep the log of the database from beginning anew."""
    monkeypatch.setattr("mailgate.cli.tickets.view.EXPORT_BATCH", 2)
    for number in range(3):
        assert call("tickets", "new", "--requester", "k@x.example", "--subject", f"No {number}", "--quiet") == 0
    written = []

    class Pager(io.StringIO):
        def write(self, text):
            with closing(sqlite3.connect(desk / "var" / "mailgate.db")) as db:
                db.execute("PRAGMA busy_timeout = 0")
                db.execute("UPDATE ticket SET subject = subject || '!'")
                db.commit()
                written.append(db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
            return len(text)

    monkeypatch.setattr(sys, "stdout", Pager())
    assert call("tickets", "export") == 0
    assert written
    assert set(written) == {0}  # 1: somebody reads an older state


def test_status_warns_about_a_nearly_full_disk(desk, capsys, monkeypatch):
    monkeypatch.setattr("mailgate.daemon.status.MIN_FREE", 10**18)
    call("ingest", "a.eml", "--quiet")
    assert call("status") == 1
    shown = capsys.readouterr().out
    assert shown.count("MB left on the disk of") == 1


@pytest.mark.sqlite
def test_status_does_not_call_a_full_disk_ok(desk, capsys, monkeypatch):
    """The daemon could not write that the disk is full: its last word was that all is well."""
    call("ingest", "a.eml", "--quiet")
    monkeypatch.setattr("mailgate.cli.verbs.status.running", lambda _: 4711)
    capsys.readouterr()
    call("status")
    assert "storage     ok\n" in capsys.readouterr().out
    monkeypatch.setattr("mailgate.system.storage.FULL", 10**18)
    assert call("status") == 1
    shown = capsys.readouterr().out
    assert re.search(r"(?m)^storage     cannot write .*: no space left on device$", shown)
    assert re.search(r"(?m)^problem     storage: cannot write .*; free space on the disk of ", shown)


def test_reports_and_status_use_the_current_time(desk, capsys, monkeypatch):
    monkeypatch.setattr("mailgate.cli.verbs.report.now", lambda: START)
    assert call("report", "--since", "2d", "--json") == 0
    period = json.loads(capsys.readouterr().out)["period"]
    assert (period["since"][:16], period["until"][:16]) == ("2026-11-18T09:00", "2026-11-20T09:00")
    monkeypatch.setattr("mailgate.cli.tickets.change.now", lambda: START)
    assert call("tickets", "new", "--requester", "k@x.example", "--subject", "x") == 0
    monkeypatch.setattr("mailgate.cli.verbs.status.now", lambda: START)
    assert call("tickets", "do", "1001", "#away until 2026-11-23", "--as", "ann") == 0
    capsys.readouterr()
    assert call("status", "--json") == 1
    assert [each["agent"] for each in json.loads(capsys.readouterr().out)["away"]] == ["ann"]


def test_counting_a_report_does_not_lock_the_database(desk, capsys, monkeypatch):
    """Another process can write while `tickets do` counts a report."""
    assert call("ingest", "a.eml") == 0
    database = desk / "var" / "mailgate.db"

    def counting(*args):
        with closing(open_writer(database)) as db, db.transaction():
            trace.add(db, [trace.Line(at=START, direction="in", step="refused", text="x", address="a@b.example")])
        return count_on_own_connection(*args)

    monkeypatch.setattr("mailgate.cli.tickets.change.count_on_own_connection", counting)
    capsys.readouterr()
    assert call("tickets", "do", "1001", "#report 7d", "#prio low") == 0
    out = capsys.readouterr().out
    assert "The whole desk." in out
    assert out.count("Priority: Low.") == 1


def test_tickets_of_whoever_and_whatever_left_are_listed(desk, capsys):
    assert call("--json", "ingest", "--quiet", "a.eml") == 0
    assert call("tickets", "do", "1001", "#assign elliot") == 0
    fewer = re.sub(r"\[agent\.elliot\].*?(?=\[agent\.ann\])", "", CONFIG, flags=re.DOTALL).replace('"elliot", ', "")
    (desk / "config.toml").write_text(fewer)
    capsys.readouterr()
    assert call("tickets", "list", "--assignee", "elliot") == 0
    assert "elliot (left)" in capsys.readouterr().out
    assert call("tickets", "list", "--assignee", "elliott") == 2
    capsys.readouterr()
    assert call("tickets", "show", "1001") == 0
    assert re.search("Assigned to: +elliot \\(left\\)", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("trace", "karen@client.example", "--since", "xx"), 2),
        (("report", "--since", "xx"), 2),
        (("check", "--timeout", "xx"), 2),
        (("tickets", "list", "--limit", "xx"), 2),
        (("tickets", "show", "9999"), 1),
        (("explain", "missing.eml"), 1),
        (("ingest", "missing.eml"), 1),
        (("tickets", "do", "9999", "#close"), 1),
        (("tickets", "do", "1001", "#due xx"), 1),
        (("reload",), 1),
        (("backup", "verify", "missing"), 1),
    ],
)
def test_what_went_wrong_is_told_by_the_name_of_the_program(desk, capsys, words, code):
    call("ingest", "a.eml")
    capsys.readouterr()
    assert call(*words) == code
    assert capsys.readouterr().err.splitlines()[-1].startswith("mailgate: ")


def test_without_a_configuration_that_is_told_in_the_same_way(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mailgate.config.load.DEFAULT_PATHS", ())
    for verb in ("check", "status", "run"):
        assert call(verb) == 2
        assert capsys.readouterr().err.startswith("mailgate: no configuration file"), verb
