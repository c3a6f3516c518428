"""Nobody works the desk in an agent's name: forged mail changes nothing, and `confirm` works once.

"Nothing" is the whole ticket as `tickets show` prints it: fields, thread and events. Only that
a mail was held, or that an automatic answer came, is written down as an event.
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
    """A ticket of Karen's in Support; Marcus and Elliot were alerted."""

    world: World
    number: int
    told: Got  # what Karen has
    marcus: Got  # Marcus's alert
    elliot: Got
    at_first: dict[str, Any] = field(default_factory=dict)

    def ticket(self) -> dict[str, Any]:
        return self.world.ticket(self.number)

    def unchanged(self, *written_down: str) -> None:
        """The ticket is as it was, but for events that only say what came."""
        now = self.ticket()
        kept = [event for event in now["events"] if event["kind"] not in written_down]
        # What is written down counts as the last that happened to it, and as nothing else.
        touched = {"updated_at": self.at_first["updated_at"]} if written_down else {}
        assert now | {"events": kept} | touched == self.at_first
        assert all(any(event["kind"] == kind for event in now["events"]) for kind in written_down)

    def confirm(self, mail: EmailMessage) -> Got:
        """The mail is held: its one effect is a `confirm` to the agent's own address."""
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
    """The mail as an answer to nothing but this Message-ID."""
    for name in ("In-Reply-To", "References"):
        del mail[name]
        mail[name] = key
    return mail


def forged(subject: str = "Re: I cannot log in", text: str = ORDERS) -> EmailMessage:
    """A mail with the address of Marcus in From, written by somebody else."""
    return replace(MARCUS, program=mutt).writes(subject, text)


def test_the_right_from_without_a_key(scene: Scene) -> None:
    scene.confirm(forged(f"Re: [#{scene.number}] I cannot log in"))
    scene.unchanged("held")


def test_commands_without_any_ticket_are_held_too(scene: Scene) -> None:
    scene.confirm(forged("Hello", f"#ticket {scene.number}\n{ORDERS}"))
    scene.unchanged()


def test_the_key_of_another_agent(scene: Scene) -> None:
    scene.confirm(with_key(forged(), scene.elliot.id))
    scene.unchanged(*(["held"] if scene.ticket() != scene.at_first else []))


def test_a_key_of_an_agent_in_a_strangers_hands(scene: Scene) -> None:
    """It opens a ticket of the stranger's own, and proves nothing ever after."""
    news = scene.world.step(with_key(MALLORY.writes("Re: I cannot log in", ORDERS), scene.marcus.id))
    assert news[KAREN.email] == []
    assert news.only(MALLORY.email).ticket != scene.number
    scene.unchanged()
    scene.confirm(MARCUS.answers(scene.marcus, ORDERS))
    scene.unchanged("held")


def test_a_key_with_one_character_changed(scene: Scene) -> None:
    """Whichever it is: ticket, person, kind, day, nonce or MAC."""
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


def test_an_out_of_office_with_a_valid_key(scene: Scene) -> None:
    """It is stored, and does nothing: its `#resolved` is nobody's wish."""
    news = scene.world.step(MARCUS.away(scene.marcus), sender="")
    assert news.kinds == {}
    now = scene.ticket()
    assert now["events"][:-1] == scene.at_first["events"]
    assert now["events"][-1]["kind"] == "auto-reply"
    fields = ("status", "assignee", "department", "overdue", "due_at", "first_response_at", "collaborators")
    assert {name: now[name] for name in fields} == {name: scene.at_first[name] for name in fields}


def test_an_out_of_office_to_a_requesters_notice_opens_nothing_again(scene: Scene) -> None:
    scene.world.step(MARCUS.answers(scene.marcus, "#resolved\n\nIt is your keyboard."))
    news = scene.world.step(KAREN.away(scene.told), sender="")
    assert news.kinds == {}
    assert (scene.ticket()["status"], scene.ticket()["reopened"]) == ("resolved", 0)


def test_an_expired_key(scene: Scene) -> None:
    """Signed by the desk itself, for Marcus, but 31 days ago: it threads, and proves nothing."""
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
    with closing(open_writer(scene.world.folder / "var/mailgate.db")) as db, db.transaction():
        assert db.all("UPDATE outbox SET message_id = ? WHERE message_id = ? RETURNING id", [now, before])


def test_a_burnt_key(scene: Scene) -> None:
    """The mail that shows the key to an outsider still counts; the next one with it does not."""
    news = scene.world.step(
        MARCUS.answers(scene.marcus, "Is it the keyboard?", to="support@bank.example, vendor@outside.example"),
        to=["support@bank.example"],
    )
    assert news.only(KAREN.email).kind == "reply"
    scene.at_first = scene.ticket()
    confirm = scene.confirm(MARCUS.answers(scene.marcus, ORDERS))
    assert "outside the desk" in confirm.text
    scene.unchanged("held")


def test_a_token_in_the_subject_of_a_stranger(scene: Scene) -> None:
    """A number opens nothing: a ticket of their own, that tells them nothing of Karen's."""
    news = scene.world.step(MALLORY.writes(f"Re: [#{scene.number}] I cannot log in", ORDERS))
    assert news[KAREN.email] == []
    answer = news.only(MALLORY.email)
    assert answer.kind == "acknowledgement"
    assert answer.ticket != scene.number
    assert KAREN.email not in answer.whole
    now = scene.ticket()
    assert now | {"links": [], "events": scene.at_first["events"]} == scene.at_first
    assert all(event["kind"] == "linked" for event in now["events"][len(scene.at_first["events"]) :])


def test_a_requesters_key_from_another_address(scene: Scene) -> None:
    """Stored as an inactive collaborator's message: agents see it, and the stranger gets nothing."""
    news = scene.world.step(MALLORY.answers(scene.told, "I am her husband. What is the password?"))
    assert news[MALLORY.email] == []
    assert news[KAREN.email] == []
    (person,) = scene.ticket()["collaborators"]
    assert (person["email"], person["active"]) == (MALLORY.email, False)
    news = scene.world.step(MARCUS.answers(scene.marcus, "Karen, please write yourself."))
    assert news.kinds.pop(KAREN.email) == ["reply"]
    assert MALLORY.email not in news.kinds


def test_a_confirmed_mail_is_carried_out_once(scene: Scene) -> None:
    confirm = scene.confirm(forged(f"Re: [#{scene.number}] I cannot log in", "#priority high\n\nPlease try again."))
    assert "Please try again." in confirm.text, "the agent sees what they confirm"
    code = code_of(confirm)

    # Neither a stranger nor another agent nor a machine can say yes.
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
    assert scene.ticket() == ticket, "the second use does nothing"


def with_auto(mail: EmailMessage) -> EmailMessage:
    mail["Auto-Submitted"] = "auto-replied"
    return mail


def test_at_most_three_wait_for_an_agent(scene: Scene) -> None:
    """A flood in an agent's name is no flood of confirms."""
    for turn in range(7):
        scene.world.send(forged(f"Re: [#{scene.number}] I cannot log in", f"#priority high\n\nturn {turn}"))
    news = scene.world.settle()
    confirms = news[MARCUS.email]
    assert {mail.kind for mail in confirms} == {"confirm"}
    assert len([mail for mail in confirms if "#confirm" in mail.text]) == 3
    assert len(confirms) <= 4
    scene.unchanged("held")


def test_dmarc_fail_is_a_strangers_mail_even_from_karen(scene: Scene) -> None:
    """Believed from the server named on this way in; nothing is answered, her ticket stays as it is."""
    mail = KAREN.writes(f"Re: [#{scene.number}] I cannot log in", "Please close it.")
    raw = b"Authentication-Results: mx.bank.example; dmarc=fail header.from=client.example\r\n" + mail.as_bytes()
    news = scene.world.step(raw, sender=KAREN.email)
    assert news[KAREN.email] == []
    now = scene.ticket()
    assert now | {"links": [], "events": scene.at_first["events"]} == scene.at_first
