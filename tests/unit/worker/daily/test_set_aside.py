"""The administrator hears of mail that was set aside: of the first at once, of what follows in one mail an hour."""

from __future__ import annotations

import pytest

from mailgate.worker.daily import set_aside
from tests.desk import ANN, CONFIG, KAREN, Bench, Sent, to

NOBODY = b"Subject: %s\r\nMessage-ID: <%s@x>\r\nFrom: Exchange <>\r\n\r\nA mail could not be converted.\r\n"


def arrive(bench: Bench, *names: bytes) -> list[Sent]:
    """Mails that name nobody as their sender, as Exchange puts them in place of what it cannot convert."""
    for name in names:
        bench.accept(NOBODY % (name, name), envelope_from=None)
    return bench.drain()


def told(bench: Bench, **span: float) -> list[Sent]:
    return [mail for mail in bench.wait(**span) if mail.kind == "admin"]


def test_the_first_is_told_at_once_and_what_follows_in_one_mail(bench: Bench) -> None:
    assert arrive(bench, b"One") == []
    (first,) = told(bench, seconds=2)
    assert first.to == "root@ops.example"
    assert "Mail set aside: 1" in first.subject
    assert "Mail 1 from an unknown sender, “One”: nobody is named as its sender" in first.text
    assert "mailgate queue quarantine list" in first.text
    arrive(bench, b"Two", b"Three")
    assert told(bench, minutes=30) == []
    (more,) = told(bench, minutes=31)
    assert "Mail set aside: 2" in more.subject
    assert "“Two”" in more.text
    assert "“Three”" in more.text
    assert "“One”" not in more.text
    assert told(bench, hours=5) == []


def test_many_are_named_up_to_a_number(bench: Bench) -> None:
    arrive(bench, *(b"%d" % number for number in range(set_aside.SHOWN + 3)))
    (mail,) = told(bench, seconds=2)
    assert "“19”" in mail.text
    assert "“20”" not in mail.text
    assert "3 more are in the list." in mail.text
    arrive(bench, *(b"%d" % number for number in range(30, 30 + set_aside.SHOWN + 1)))
    (mail,) = told(bench, hours=2)
    assert "1 more is in the list." in mail.text


def test_what_is_usual_there_is_only_counted(bench: Bench) -> None:
    bench.send(KAREN, "Away.", headers={"Auto-Submitted": "auto-replied"})
    assert bench.last()["state"] == "quarantined"
    assert told(bench, seconds=2) == []
    arrive(bench, b"One")
    (mail,) = told(bench, seconds=2)
    assert "Mail set aside: 1" in mail.subject
    assert "Besides, 1 automatic reply or delivery report" in mail.text


def test_an_agent_s_answer_with_a_machine_s_marks_is_told(bench: Bench) -> None:
    alert = to(bench.send(KAREN, "It is jammed."), "ann@bank.example")
    bench.send(ANN, "Done.", answers=alert, headers={"Precedence": "bulk"})
    (mail,) = told(bench, seconds=2)
    assert "from ann@bank.example" in mail.text
    assert "only human mail works a ticket" in mail.text


@pytest.mark.parametrize("again", [False, True])
def test_what_is_tried_again_in_vain_is_told_once(bench: Bench, again: bool) -> None:
    arrive(bench, b"One")
    told(bench, seconds=2)
    bench.configure(bench.folder.joinpath("config.toml").read_text())
    if again:
        arrive(bench, b"Two")
    assert len(told(bench, hours=2)) == again


def test_without_an_administrator_nobody_hears(tmp_path) -> None:
    bench = Bench(tmp_path, CONFIG.replace('admin = "root@ops.example"\n', ""))
    arrive(bench, b"One")
    assert told(bench, seconds=2) == []
