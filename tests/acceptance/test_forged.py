"""Forged mail in an agent's name changes nothing, and a `confirm` works once.

The whole ticket is compared, as `tickets show` prints it: fields, thread and events. Only events
that a mail was held, or that an automatic reply arrived, are allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from mailgate.notice import NoticeKind
from mailgate.rules.threading.keys import Keyring
from mailgate.store.db import open_writer
from tests.acceptance.labs import ELLIOT, KAREN, MARCUS
from tests.acceptance.people import Got, Person, mutt
from tests.acceptance.world import World, desk

MALLORY = Person("Mallory", "mallory@evil.example", mutt)
ORDERS = "#resolved -- because I say so\n\nYour account is closed, send money."


@dataclass
class Scene:
    """A ticket of Karen in Support, with alerts to Marcus and Elliot."""

    world: World
    number: int
    told: Got  # what Karen has
    marcus: Got  # Marcus's alert
    elliot: Got
    at_first: dict[str, Any] = field(default_factory=dict)

    def ticket(self) -> dict[str, Any]:
        return self.world.ticket(self.number)

    def unchanged(self, *written_down: str) -> None:
        """Check that the ticket has not changed, except for events of the given kinds."""
        now = self.ticket()
        kept = [event for event in now["events"] if event["kind"] not in written_down]
        # An event changes updated_at and nothing else.
        touched = {"updated_at": self.at_first["updated_at"]} if written_down else {}
        assert now | {"events": kept} | touched == self.at_first
        assert all(any(event["kind"] == kind for event in now["events"]) for kind in written_down)

    def confirm(self, mail: EmailMessage) -> Got:
        """Send a mail that is held: its only effect is a `confirm` to the agent's own address."""
        news = self.world.step(mail)
        assert news.kinds == {MARCUS.email: ["confirm"]}
        return news.only(MARCUS.email)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with World(tmp_path, desk()) as world:
        world.start()
        news = world.step(KAREN.writes("I cannot log in", "It says no."))
        told = news.only(KAREN.email)
        scene = Scene(world, told.ticket, told, news.only(MARCUS.email), news.only(ELLIOT.email))
        scene.at_first = scene.ticket()
        yield scene


def code_of(confirm: Got) -> str:
    found = re.search(r"#confirm (\w+)", confirm.text)
    assert found, confirm.text
    return found[1]


def with_key(mail: EmailMessage, key: str) -> EmailMessage:
    """The mail as a reply to this Message-ID only."""
    for name in ("In-Reply-To", "References"):
        del mail[name]
        mail[name] = key
    return mail


def forged(subject: str = "Re: I cannot log in", text: str = ORDERS) -> EmailMessage:
    """A mail with the address of Marcus in From, sent by somebody else."""
    return replace(MARCUS, program=mutt).writes(subject, text)


def test_a_mail_from_an_agents_address_without_a_key_is_held(scene: Scene) -> None:
    scene.confirm(forged(f"Re: [#{scene.number}] I cannot log in"))
    scene.unchanged("held")


def test_commands_outside_a_ticket_are_held(scene: Scene) -> None:
    scene.confirm(forged("Hello", f"#ticket {scene.number}\n{ORDERS}"))
    scene.unchanged()


def test_the_key_of_another_agent_is_not_accepted(scene: Scene) -> None:
    scene.confirm(with_key(forged(), scene.elliot.id))
    scene.unchanged(*(["held"] if scene.ticket() != scene.at_first else []))


def test_an_agents_key_used_by_a_stranger_is_revoked(scene: Scene) -> None:
    """The mail opens a ticket of the stranger, and the key authenticates nobody any more."""
    news = scene.world.step(with_key(MALLORY.writes("Re: I cannot log in", ORDERS), scene.marcus.id))
    assert news[KAREN.email] == []
    assert news.only(MALLORY.email).ticket != scene.number
    scene.unchanged()
    scene.confirm(MARCUS.answers(scene.marcus, ORDERS))
    scene.unchanged("held")


def test_a_key_with_any_character_changed_is_not_accepted(scene: Scene) -> None:
    """Any character of ticket, person, kind, day, nonce or MAC."""
    key = scene.marcus.id
    places = [place for place in range(1, key.index("@")) if key[place] != "."]
    assert len(places) > 35
    for place in places:
        other = "b" if key[place] != "b" else "c"
        scene.world.send(with_key(forged(text=f"{ORDERS} {place}"), key[:place] + other + key[place + 1 :]))
    news = scene.world.settle()
    assert set(news.kinds) == {MARCUS.email}
    assert set(news.kinds[MARCUS.email]) == {"confirm"}
    scene.unchanged(*(["held"] if scene.ticket() != scene.at_first else []))


def test_commands_in_an_out_of_office_reply_with_a_valid_key_are_ignored(scene: Scene) -> None:
    """The reply is stored as an event only."""
    news = scene.world.step(MARCUS.away(scene.marcus), sender="")
    assert news.kinds == {}
    now = scene.ticket()
    assert now["events"][:-1] == scene.at_first["events"]
    assert now["events"][-1]["kind"] == "auto-reply"
    fields = ("status", "assignee", "department", "overdue", "due_at", "first_response_at", "collaborators")
    assert {name: now[name] for name in fields} == {name: scene.at_first[name] for name in fields}


def test_an_out_of_office_reply_of_a_requester_does_not_reopen_the_ticket(scene: Scene) -> None:
    scene.world.step(MARCUS.answers(scene.marcus, "#resolved\n\nIt is your keyboard."))
    news = scene.world.step(KAREN.away(scene.told), sender="")
    assert news.kinds == {}
    assert (scene.ticket()["status"], scene.ticket()["reopened"]) == ("resolved", 0)


def test_an_expired_key_is_not_accepted(scene: Scene) -> None:
    """A key for Marcus, signed by the desk 31 days ago, still finds the ticket but does not authenticate."""
    secret = (scene.world.folder / "var/secret").read_text().strip().encode()
    ring = Keyring((secret,), "bank.example")
    assert ring.read(scene.marcus.id), "it is the desk's own secret"
    today = datetime.now(UTC).date()
    old = ring.notice_id(scene.number, MARCUS.email, NoticeKind.NEW_TICKET, "old", today - timedelta(days=31))
    sent_as(scene, scene.marcus.id, old)
    confirm = scene.confirm(with_key(forged(), old))
    assert "expired" in confirm.text
    scene.unchanged("held")
    fresh = ring.notice_id(scene.number, MARCUS.email, NoticeKind.NEW_TICKET, "old", today - timedelta(days=29))
    sent_as(scene, old, fresh)
    news = scene.world.step(with_key(forged(text="#priority high"), fresh))
    assert news.kinds == {MARCUS.email: ["answer"]}, "at 29 days it would have done"


def sent_as(scene: Scene, before: str, now: str) -> None:
    """Have the database say that a mail was sent under another Message-ID."""
    with closing(open_writer(scene.world.where)) as db, db.transaction():
        assert db.all("UPDATE outbox SET message_id = ? WHERE message_id = ? RETURNING id", [now, before])


def test_a_key_disclosed_to_an_outsider_is_revoked(scene: Scene) -> None:
    """The mail that discloses the key is accepted; the next one with the same key is not."""
    news = scene.world.step(
        MARCUS.answers(scene.marcus, "Is it the keyboard?", to="support@bank.example, vendor@outside.example"),
        to=["support@bank.example"],
    )
    assert news.only(KAREN.email).kind == "reply"
    scene.at_first = scene.ticket()
    confirm = scene.confirm(MARCUS.answers(scene.marcus, ORDERS))
    assert "outside the desk" in confirm.text
    scene.unchanged("held")


def test_a_subject_token_does_not_give_a_stranger_access(scene: Scene) -> None:
    """The mail opens a ticket of the stranger, without any data of Karen's ticket."""
    news = scene.world.step(MALLORY.writes(f"Re: [#{scene.number}] I cannot log in", ORDERS))
    assert news[KAREN.email] == []
    answer = news.only(MALLORY.email)
    assert answer.kind == "acknowledgement"
    assert answer.ticket != scene.number
    assert KAREN.email not in answer.whole
    now = scene.ticket()
    assert now | {"links": [], "events": scene.at_first["events"]} == scene.at_first
    assert all(event["kind"] == "linked" for event in now["events"][len(scene.at_first["events"]) :])


def test_a_requesters_key_used_from_another_address_makes_an_inactive_collaborator(scene: Scene) -> None:
    """Agents see the message, and the stranger gets no mail."""
    news = scene.world.step(MALLORY.answers(scene.told, "I am her husband. What is the password?"))
    assert news[MALLORY.email] == []
    assert news[KAREN.email] == []
    (person,) = scene.ticket()["collaborators"]
    assert (person["email"], person["active"]) == (MALLORY.email, False)
    news = scene.world.step(MARCUS.answers(scene.marcus, "Karen, please write yourself."))
    assert news.kinds.pop(KAREN.email) == ["reply"]
    assert MALLORY.email not in news.kinds


def test_a_confirmed_mail_is_applied_once(scene: Scene) -> None:
    confirm = scene.confirm(forged(f"Re: [#{scene.number}] I cannot log in", "#priority high\n\nPlease try again."))
    assert "Please try again." in confirm.text, "the agent sees what is to be confirmed"
    code = code_of(confirm)

    # Neither a stranger nor another agent nor an automatic reply can confirm.
    for mail, sender in (
        (MALLORY.writes("yes", f"#confirm {code}"), None),
        (ELLIOT.writes("yes", f"#confirm {code}"), None),
        (with_auto(MARCUS.answers(confirm, f"#confirm {code}")), ""),
    ):
        scene.world.step(mail, sender=sender)
        assert scene.ticket()["priority"] == "Normal"
    assert [entry["kind"] for entry in scene.ticket()["thread"]] == ["message"]

    news = scene.world.step(MARCUS.answers(confirm, f"#confirm {code}"))
    assert "confirm" not in news.kinds.get(MARCUS.email, [])
    ticket = scene.ticket()
    assert ticket["priority"] == "High"
    entries = [(entry["kind"], entry["text"].strip()) for entry in ticket["thread"]]
    assert entries[1:] in ([("reply", "Please try again.")], [("note", "Please try again.")])

    again = scene.world.step(MARCUS.answers(confirm, f"#confirm {code}"))
    assert again[KAREN.email] == []
    assert scene.ticket() == ticket, "the second use has no effect"


def with_auto(mail: EmailMessage) -> EmailMessage:
    mail["Auto-Submitted"] = "auto-replied"
    return mail


def test_at_most_three_mails_of_an_agent_are_held(scene: Scene) -> None:
    """A flood of forged mails does not cause a flood of `confirm` mails."""
    for turn in range(7):
        scene.world.send(forged(f"Re: [#{scene.number}] I cannot log in", f"#priority high\n\nturn {turn}"))
    news = scene.world.settle()
    confirms = news[MARCUS.email]
    assert {mail.kind for mail in confirms} == {"confirm"}
    assert len([mail for mail in confirms if "#confirm" in mail.text]) == 3
    assert len(confirms) <= 4
    scene.unchanged("held")


def test_a_requesters_mail_that_failed_dmarc_is_treated_as_a_strangers(scene: Scene) -> None:
    """By the result of the trusted server; it gets no reply, and the ticket does not change."""
    mail = KAREN.writes(f"Re: [#{scene.number}] I cannot log in", "Please close it.")
    raw = b"Authentication-Results: mx.bank.example; dmarc=fail header.from=client.example\r\n" + mail.as_bytes()
    news = scene.world.step(raw, sender=KAREN.email)
    assert news[KAREN.email] == []
    now = scene.ticket()
    assert now | {"links": [], "events": scene.at_first["events"]} == scene.at_first
