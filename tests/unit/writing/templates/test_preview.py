"""`mailgate templates`: every kind can be looked at before a mail needs it, with the desk's own config."""

from __future__ import annotations

import json

import pytest

from mailgate.cli.main import main
from mailgate.notice import NoticeKind
from mailgate.writing.templates.preview import speaking, specimen
from mailgate.writing.templates.render import Renderer
from tests.desk import CONFIG
from tests.notices import CONFIG as GOLDEN
from tests.notices import KEYRING, NOW


@pytest.fixture
def desk(tmp_path, monkeypatch):
    (tmp_path / "config.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILGATE_CONFIG", raising=False)
    return tmp_path


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_has_a_specimen_that_is_rendered(kind):
    found = Renderer().render(specimen(kind, GOLDEN, NOW), GOLDEN, KEYRING, NOW)
    assert found.html
    assert not found.problem
    assert found.text.count("\n") > 2


def test_a_preview_shows_the_desks_own_names(desk, capsys):
    assert main(["templates", "preview", "reply"]) == 0
    shown = capsys.readouterr().out
    assert "From: " in shown
    assert "Elliot Alderson" in shown
    assert "we found the fault" in shown
    assert not (desk / "mailgate.db").exists(), "nothing is stored"


@pytest.mark.parametrize(
    ("kind", "subject"), [("report", "Weekly report"), ("admin", "A mail was quarantined (inbox 17)")]
)
def test_a_mail_about_no_ticket_has_a_subject_of_its_kind(desk, capsys, kind, subject):
    """It is what the event's mail would say, not the subject of the imagined ticket."""
    assert main(["templates", "preview", kind]) == 0
    assert f"\nSubject: {subject}\n" in capsys.readouterr().out


def test_a_preview_is_in_the_language_that_is_asked_for(desk, capsys):
    assert main(["templates", "preview", "acknowledgement", "--language", "de"]) == 0
    assert "Wir haben Ihre Anfrage erhalten" in capsys.readouterr().out
    assert speaking(GOLDEN, "") is GOLDEN


def test_the_html_is_written_to_a_file_or_to_standard_output(desk, capsys):
    assert main(["templates", "preview", "new-ticket", "--html", "out.html"]) == 0
    assert (desk / "out.html").read_text().startswith("<!DOCTYPE html>")
    assert main(["templates", "preview", "new-ticket", "--html", "-"]) == 0
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>")
    assert main(["templates", "preview", "new-ticket", "--html", "no/such/out.html"]) == 2
    assert "cannot write no/such/out.html" in capsys.readouterr().err


def test_a_template_without_html_says_so(desk, capsys):
    (desk / "templates").mkdir()
    (desk / "templates" / "reply.txt").write_text("{{ text }}")
    assert main(["templates", "preview", "reply", "--html", "-"]) == 1
    assert "no reply.html" in capsys.readouterr().err


def test_a_kind_that_there_is_not_is_told_with_the_nearest(desk, capsys):
    assert main(["templates", "preview", "replay"]) == 2
    assert "there is no notice kind replay: did you mean reply?" in capsys.readouterr().err
    assert main(["templates", "preview", "xyz"]) == 2
    assert "templates list" in capsys.readouterr().err


def test_errors_in_templates_are_told_as_check_tells_them(desk, capsys):
    (desk / "templates").mkdir()
    (desk / "templates" / "note.txt").write_text("fine\n\n{{ tiket }}\n")
    assert main(["templates", "preview", "reply"]) == 2
    assert "note.txt:3: UndefinedError: 'tiket' is undefined" in capsys.readouterr().err


def test_the_list_names_every_kind_and_where_its_template_lies(desk, capsys):
    (desk / "templates").mkdir()
    (desk / "templates" / "reply.txt").write_text("{{ text }}")
    assert main(["templates", "list", "--json"]) == 0
    kinds = {each["kind"]: each for each in json.loads(capsys.readouterr().out)}
    assert kinds.keys() == set(NoticeKind)
    assert kinds["reply"] == {"kind": "reply", "to": "requesters", "file": str(desk / "templates" / "reply.txt")}
    assert main(["templates", "list"]) == 0
    assert "new-ticket           agents" in capsys.readouterr().out


def test_a_preview_as_json_holds_text_and_html(desk, capsys):
    assert main(["templates", "preview", "reply", "--json"]) == 0
    assert json.loads(capsys.readouterr().out).keys() == {"kind", "subject", "text", "html"}
