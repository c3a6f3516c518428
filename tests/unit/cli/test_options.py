"""Options that meet: two forms of output, a limit of none, a ticket named twice, a half-edited configuration."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from mailgate.cli.main import main, parser
from mailgate.config.load import load
from mailgate.daemon import active_config
from mailgate.store.tickets import search
from mailgate.system.lock import Lock
from tests.desk import Bench


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desk with the tickets 1001 and 1002, in the working directory."""
    bench = Bench(tmp_path)
    for subject in ("The first", "The second"):
        bench.send("Karen <karen@client.example>", "It is broken.", subject=subject)
    bench.db.close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAILGATE_CONFIG", "config.toml")
    return tmp_path


def test_a_report_is_printed_as_csv_and_written_as_html_at_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--csv", "--html", "page.html"]) == 0
    assert capsys.readouterr().out.startswith("by,name,opened,")
    assert "The whole desk." in (folder / "page.html").read_text("utf-8")


def test_a_dash_is_standard_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--html", "-"]) == 0
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>")
    assert main(["tickets", "export", "--output", "-"]) == 0
    assert [json.loads(line)["number"] for line in capsys.readouterr().out.splitlines()] == [1001, 1002]
    assert not (folder / "-").exists()


@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_standard_output_takes_one_form_of_a_report(
    folder: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    assert main(["report", form, "--html", "-"]) == 2
    out, err = capsys.readouterr()
    assert "name a file" in err
    assert (json.loads(out)["ok"] is False) if form == "--json" else (out == "")


def test_at_most_no_tickets_are_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tickets", "list", "--limit", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert main(["tickets", "list", "--limit", "0"]) == 0
    assert capsys.readouterr() == ("", "no tickets\n")


def test_an_order_names_one_ticket(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tickets", "do", "1001", "#ticket 1002", "#close"]) == 2
    assert "#ticket 1002: the ticket is the argument: mailgate tickets do 1002" in capsys.readouterr().err
    assert main(["tickets", "do", "1001", "#ticket 1001", "#close"]) == 0
    capsys.readouterr()
    assert main(["tickets", "list", "--json"]) == 0
    assert [each["number"] for each in json.loads(capsys.readouterr().out)] == [1002]


@pytest.mark.parametrize("words", [["show", "1001"], ["export"], ["list"]], ids=lambda words: words[0])
def test_tickets_are_read_while_the_configuration_is_edited(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    active_config.save(load(folder / "config.toml", {})[0])
    with (folder / "config.toml").open("a") as file:
        file.write("[half a tab")
    with Lock(folder / "var/mailgate.db"):
        assert main(["tickets", *words]) == 0
    out, err = capsys.readouterr()
    assert "The first" in out
    assert "the configuration of the running daemon is used" in err
    assert main(["tickets", *words]) == 2, "no daemon is running"


@pytest.mark.parametrize("words", [["#reply"], ["#note"], ["#quiet"], ["#ticket 1001"], ["#end"], ["--text", "blank"]])
def test_an_order_that_does_nothing_is_an_error(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """A script that forgot its text must not believe that it was sent."""
    (folder / "blank").write_text(" \n")
    assert main(["tickets", "do", "1001", *words, "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["done"]) == (False, [])
    assert document["errors"][0].startswith("nothing was done")


def test_much_mail_is_found_though_no_daemon_came(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """More than a search looks through itself; the oldest is the one that it would miss."""
    mails = (
        f"From x@client.example Tue Dec  1 01:00:00 2026\nFrom: k@client.example\nTo: support@bank.example\n"
        f"Subject: Jam {number}\nMessage-ID: <{number}@client.example>\n\nNo {number}.\n\n"
        for number in range(1, search.LATEST + 5)
    )
    with (folder / "config.toml").open("a") as file:
        file.write("\n[tickets]\nmax_open_per_requester = 1000\n")
    (folder / "mbox").write_text("".join(mails))
    assert main(["ingest", "--quiet", "mbox"]) == 0
    capsys.readouterr()
    assert main(["tickets", "list", "--json", "--search", "Jam 1"]) == 0
    out, err = capsys.readouterr()
    assert "Jam 1" in [each["subject"] for each in json.loads(out)]
    assert err == ""


@pytest.mark.parametrize(
    "words",
    [
        "tickets list --js",
        "--js tickets list",
        "queue inbox list --al",
        "database status --jso",
        "tickets list --over",
        "report --cs",
        "backup b --js",
    ],
)
def test_an_option_is_written_out(folder: Path, capsys: pytest.CaptureFixture[str], words: str) -> None:
    assert main(words.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"unrecognized arguments: {next(word for word in words.split() if word.startswith('--'))}" in err


def test_every_parser_wants_options_written_out() -> None:
    waiting, seen = [parser("*")], 0
    while waiting:
        one = waiting.pop()
        seen += 1
        assert not one.allow_abbrev, one.prog
        for action in one._actions:
            waiting += [*action.choices.values()] if isinstance(action, argparse._SubParsersAction) else []
    assert seen > 30
