"""Mail that a mail server marked as spam: held, listed once a day, released by a link or the command line, gone."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from mailgate.store.queues import held, inbox
from mailgate.worker.daily import spam_digest
from tests.desk import ANN, CONFIG, ELLIOT, KAREN, Bench, Sent, to

MARK = {"X-Spam-Flag": "YES"}
TO_ANN = '[spam]\nto = ["agent:ann"]\n'


def desk(folder: Path, spam: str = TO_ANN) -> Bench:
    return Bench(folder, f"{CONFIG}\n{spam}")


def listed(bench: Bench, **span: float) -> list[Sent]:
    return [mail for mail in bench.wait(**span) if "spam" in mail.subject]


def link(mail: Sent, label: str, *, number: int = 0) -> tuple[str, str]:
    """The address and the text of a mail that a link opens."""
    found = re.findall(rf"{label}: mailto:(\S+?)\?subject=\S*&body=(\S+)", mail.text)[number]
    return unquote(found[0]), unquote(found[1]).replace("\r\n", "\n")


def tap(bench: Bench, mail: Sent, label: str, sender: str = ANN) -> list[Sent]:
    address, body = link(mail, label)
    return bench.send(sender, body, to=address)


def test_marked_mail_is_held_unanswered_and_listed_at_eight(tmp_path: Path) -> None:
    bench = desk(tmp_path)
    assert bench.send(KAREN, "Buy now.", headers=MARK) == []
    row = bench.last()
    assert (row["state"], row["reason"], row["error"]) == ("held", "spam", "x-spam-flag: YES")
    assert bench.numbers() == []
    assert "screened: human (no-machine-sign)" in bench.way()
    (first,) = listed(bench, seconds=1)  # no list was ever sent, and eight has passed
    assert first.to == "ann@bank.example"
    assert "karen@client.example: Portal is down" in first.text
    assert "x-spam-flag: YES" in first.text
    assert listed(bench, hours=5) == []
    assert listed(bench, days=1) == [], "each mail is listed once"
    bench.send(KAREN, "Buy more.", subject="Offer", headers=MARK)
    assert listed(bench, minutes=10) == []
    (second,) = listed(bench, days=1)
    assert "Held as spam: 1" in second.subject
    assert "Not shown here: 0 new, 1 older;" in second.text


def test_the_keyword_of_a_mailbox_is_a_mark(tmp_path: Path) -> None:
    bench = desk(tmp_path)
    assert bench.send(KAREN, "Buy now.", mark="keyword $Junk") == []
    row = bench.last()
    assert (row["state"], row["reason"], row["error"]) == ("held", "spam", "keyword $Junk")
    (mail,) = listed(bench, seconds=1)
    assert "keyword $Junk" in mail.text
    (tmp_path / "ignoring").mkdir()
    ignoring = desk(tmp_path / "ignoring", "[spam]\nheaders = false\n")
    assert ignoring.send(KAREN, "Help.", mark="keyword $Junk")


def test_release_opens_the_ticket_as_if_it_had_not_been_marked(tmp_path: Path) -> None:
    bench = desk(tmp_path)
    bench.send(KAREN, "It does not work.", headers=MARK)
    (mail,) = listed(bench, seconds=1)
    out = tap(bench, mail, "Release")
    assert bench.numbers() == [1001]
    assert to(out, "karen@client.example").kind == "acknowledgement"
    assert bench.kinds()[-2:] == ["spam-held", "spam-released"]
    assert bench.events()[-1].by.agent_key == "ann"
    assert bench.db.one("SELECT state FROM inbox WHERE id = 1")[0] == "done"
    again = tap(bench, mail, "Release")
    assert "answer" in {each.kind for each in again}


def test_any_agent_with_the_code_may_release(tmp_path: Path) -> None:
    bench = desk(tmp_path)
    bench.send(KAREN, "It does not work.", headers=MARK)
    (mail,) = listed(bench, seconds=1)
    tap(bench, mail, "Release", ELLIOT)
    assert bench.events()[-1].by.agent_key == "elliot"


def test_the_sender_is_banned_by_a_tap(tmp_path: Path) -> None:
    bench = desk(tmp_path)
    bench.send(KAREN, "Buy now.", headers=MARK)
    (mail,) = listed(bench, seconds=1)
    tap(bench, mail, "Ban the sender")
    bench.send(KAREN, "Buy more.")
    assert bench.last()["reason"] == "banned"


def test_the_command_line_releases_too(tmp_path: Path) -> None:
    bench = desk(tmp_path)
    bench.send(KAREN, "It does not work.", headers=MARK)
    with bench.db.transaction():
        inbox.retry(bench.db, 1)
    bench.drain()
    assert bench.kinds()[-2:] == ["spam-held", "spam-released"]
    assert bench.events()[-1].by.is_staff
    assert held.spam_since(bench.db, 1) is None


def test_after_thirty_days_it_is_gone(tmp_path: Path) -> None:
    bench = desk(tmp_path)
    bench.send(KAREN, "Buy now.", headers=MARK)
    bench.wait(days=29)
    assert bench.last()["state"] == "held"
    bench.wait(days=1, seconds=1)
    assert bench.db.one("SELECT state, reason, raw_id FROM inbox WHERE id = 1")[:] == ("dropped", "spam", None)


def test_an_answer_to_our_mail_is_never_held(tmp_path: Path) -> None:
    bench = desk(tmp_path)
    out = bench.send(KAREN, "It does not work.")
    bench.send(KAREN, "Still.", answers=to(out, "karen@client.example"), headers=MARK)
    assert [text for _, text in bench.thread()] == ["It does not work.", "Still."]


def test_a_proven_agent_is_never_held(tmp_path: Path) -> None:
    bench = desk(tmp_path)
    alert = to(bench.send(KAREN, "It does not work."), "ann@bank.example")
    bench.send(ANN, "We look into it.", answers=alert, headers=MARK)
    assert bench.kinds().count("replied") == 1


def test_tag_opens_a_ticket_without_an_answer(tmp_path: Path) -> None:
    bench = desk(tmp_path, '[spam]\naction = "tag"\n')
    out = bench.send(KAREN, "Buy now.", headers=MARK)
    assert bench.ticket().tags == ("spam",)
    assert not [mail for mail in out if mail.to == "karen@client.example"]


def test_drop_and_marks_that_do_not_count(tmp_path: Path) -> None:
    bench = desk(tmp_path, '[spam]\naction = "drop"\n')
    bench.send(KAREN, "Buy now.", headers=MARK)
    assert (bench.last()["state"], bench.last()["reason"]) == ("dropped", "spam")
    other = tmp_path / "other"
    other.mkdir()
    bench = desk(other, "[spam]\nheaders = false\n")
    bench.send(KAREN, "Buy now.", headers=MARK)
    assert bench.numbers() == [1001]


def test_the_administrator_has_the_links_too_and_is_known_by_the_code(tmp_path: Path) -> None:
    bench = desk(tmp_path, "")
    bench.send(KAREN, "It does not work.", headers=MARK)
    (mail,) = listed(bench, seconds=1)
    assert mail.to == "root@ops.example"
    assert "mailgate queue quarantine retry NUMBER" in mail.text
    out = tap(bench, mail, "Release", mail.to)
    assert bench.numbers() == [1001]
    assert to(out, "karen@client.example").kind == "acknowledgement"
    assert bench.events()[-1].by.is_staff


def test_a_second_tap_of_the_administrator_is_answered_once_an_hour(tmp_path: Path) -> None:
    bench = desk(tmp_path, "")
    bench.send(KAREN, "It does not work.", headers=MARK)
    (mail,) = listed(bench, seconds=1)
    tap(bench, mail, "Release", mail.to)
    (answer,) = tap(bench, mail, "Release", mail.to)
    assert (answer.to, answer.kind) == (mail.to, "answer")
    assert "This was carried out already, or it has expired" in answer.text
    assert (bench.last()["state"], bench.last()["error"]) == ("dropped", "no mail waits for this code")
    assert tap(bench, mail, "Release", mail.to) == [], "nobody can have them answered for ever"
    bench.wait(hours=1, seconds=1)
    assert len(tap(bench, mail, "Release", mail.to)) == 1


def test_the_administrator_bans_by_a_tap(tmp_path: Path) -> None:
    bench = desk(tmp_path, "")
    bench.send(KAREN, "Buy now.", headers=MARK)
    (mail,) = listed(bench, seconds=1)
    assert tap(bench, mail, "Ban the sender", mail.to) == []
    assert bench.numbers() == []
    bench.send(KAREN, "Buy more.")
    assert bench.last()["reason"] == "banned"


def test_a_code_of_the_list_is_nothing_in_other_hands_or_beside_other_words(tmp_path: Path) -> None:
    bench = desk(tmp_path, "")
    bench.send(KAREN, "Buy now.", headers=MARK)
    (mail,) = listed(bench, seconds=1)
    tap(bench, mail, "Release", "eve@client.example")
    assert bench.ticket(1001).requester.email == "eve@client.example", "a customer's words"
    bench.send(mail.to, "My own printer is broken.")
    bench.send(mail.to, "#close\n\nAn administrator's words are a customer's, too.")
    assert bench.numbers() == [1001, 1002, 1003]
    assert bench.db.one("SELECT state FROM inbox WHERE id = 1")[0] == "held"


def test_who_may_not_ban_gets_no_link_for_it(tmp_path: Path) -> None:
    bench = desk(tmp_path, '[spam]\nto = ["agent:vera", "somebody@else.example", "admin"]\n')
    bench.send(KAREN, "Buy now.", headers=MARK)
    mails = {mail.to: mail for mail in listed(bench, seconds=1)}
    assert set(mails) == {"vera@bank.example", "somebody@else.example", "root@ops.example"}
    assert "Release: mailto:" in mails["vera@bank.example"].text
    assert "Ban the sender" not in mails["vera@bank.example"].text


def test_a_long_list_is_cut_and_none_is_sent_without_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spam_digest, "SHOWN", 1)
    bench = desk(tmp_path)
    for number in range(3):
        bench.send(KAREN, "Buy now.", subject=f"Offer {number}", headers=MARK)
    (mail,) = listed(bench, seconds=1)
    assert "Not shown here: 2 new, 0 older; see them with: mailgate" in mail.text
    bench.configure(f'{CONFIG}\n[spam]\ndigest = ""\n')
    bench.send(KAREN, "Buy now.", subject="Another", headers=MARK)
    assert listed(bench, days=2) == []
    assert not spam_digest.due(bench.db, bench.config, bench.now + timedelta(days=9))
