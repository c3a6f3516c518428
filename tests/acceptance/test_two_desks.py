"""Two desks whose support addresses write to each other do not loop, and people's mail gets through.

Each desk is the other's requester. A gateway between them removes every sign of automatic mail, and in
the worst case the Message-IDs and the reply marker as well, so that only the text is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.acceptance.people import Got, Person, gmail, outlook
from tests.acceptance.world import World, desk
from tests.sink import Taken

BANK, SHOP = "support@bank.example", "support@shop.example"
ANN = Person("Ann Reyes", "ann@bank.example", outlook)
SUE = Person("Sue Till", "sue@shop.example", gmail)

MARKS = re.compile(
    r"auto-submitted|precedence|list-.*|feedback-id|return-path|delivered-to|sender|received|authentication-results"
    r"|user-agent|x-.*",
    re.IGNORECASE,
)
IDS = re.compile(r"message-id|in-reply-to|references", re.IGNORECASE)
MARKER_LINE = re.compile(rb"(?m)^##-.*-##[ \r]*$")
EVERYTHING_ON = """
[notices]
follow_up = true
status_changes = ["resolved", "closed", "reopened"]
limit_per_sender = "1000/1h"
limit_unknown = "1000/1h"
"""
TOO_MANY = 12


class Gateway:
    """The relay of both desks: passes mail for the other desk on without signs of automatic mail."""

    def __init__(self, bank: World, shop: World, *, text_only: bool) -> None:
        self.worlds = {BANK: bank, SHOP: shop}
        self.text_only = text_only
        self._seen = {BANK: 0, SHOP: 0}

    def carry(self) -> list[Got]:
        """Pass mail on until neither desk sends any more; returns the mails between them."""
        said: list[Got] = []
        while True:
            for world in self.worlds.values():
                world.await_stillness()
            passed = self._pass_on(BANK, SHOP) + self._pass_on(SHOP, BANK)
            said += passed
            assert len(said) < TOO_MANY, f"the desks do not stop: {[mail.kind for mail in said]}"
            if not passed:
                return said

    def _pass_on(self, sender: str, receiver: str) -> list[Got]:
        taken = self.worlds[sender].relay.taken[self._seen[sender] :]
        self._seen[sender] += len(taken)
        mails = [mail for mail in taken if receiver in mail.recipients]
        for mail in mails:  # never with the null sender, which is a sign of automatic mail
            self.worlds[receiver].send(self._without_marks(mail), sender=sender, to=[receiver])
        return [Got.of(mail) for mail in mails]

    def _without_marks(self, mail: Taken) -> bytes:
        message = message_from_bytes(mail.data)
        for name in set(message):
            if MARKS.fullmatch(name) or (self.text_only and IDS.fullmatch(name)):
                del message[name]
        if self.text_only:
            message["Message-ID"] = f"<{sum(self._seen.values())}@gateway.example>"
        raw = message.as_bytes(policy=policy.compat32.clone(linesep="\r\n"))
        return MARKER_LINE.sub(b"", raw) if self.text_only else raw


@contextmanager
def two_desks(folder: Path, more: str, *, text_only: bool) -> Iterator[tuple[World, World, Gateway]]:
    for name in ("bank", "shop"):
        (folder / name).mkdir()
    config = desk(more=more)
    at_shop = (
        ("bank.example", "shop.example"),
        ("First Bank", "The Shop"),
        ("Ann Reyes", "Sue Till"),
        ("ann@", "sue@"),
    )
    other = config
    for one, instead in at_shop:
        other = other.replace(one, instead)
    with World(folder / "bank", config) as bank, World(folder / "shop", other) as shop:
        bank.start()
        shop.start()
        yield bank, shop, Gateway(bank, shop, text_only=text_only)


@pytest.mark.parametrize(
    ("more", "text_only", "most"),
    [("", False, 3), (EVERYTHING_ON, False, 3), (EVERYTHING_ON, True, 6)],
    ids=["default", "all automatic mail enabled", "text only"],
)
def test_two_desks_do_not_loop_and_peoples_mail_gets_through(
    tmp_path: Path, more: str, text_only: bool, most: int
) -> None:
    with two_desks(tmp_path, more, text_only=text_only) as (bank, shop, gateway):
        bank.send(Person("The Shop Support", SHOP).writes("Where is our parcel?", "It was due on Monday."))
        assert 1 <= len(gateway.carry()) <= most
        (first,) = bank.look("tickets", "list")
        (mirror,) = shop.look("tickets", "list")

        asked = bank.news().only(ANN.email, "new-ticket")
        shop.news()
        bank.send(ANN.answers(asked, "It is on its way."))
        assert len(gateway.carry()) <= most
        heard = shop.news().only(SUE.email, "new-message")
        assert heard.text.count("It is on its way.") == 1

        bank.news()
        shop.send(SUE.answers(heard, "We shall wait for it."))
        assert len(gateway.carry()) <= most
        heard = bank.news().only(ANN.email, "new-message")
        assert heard.text.count("We shall wait for it.") == 1
        assert heard.text.count("##-") == 1, "only this desk's own reply marker"

        bank.send(ANN.answers(heard, "#resolved\n\nIt must be with you now."))
        assert len(gateway.carry()) <= most
        for world, number in ((bank, first["number"]), (shop, mirror["number"])):
            (only,) = world.look("tickets", "list", "--status", "all")
            assert only["number"] == number
            said = "\n".join(entry["text"] for entry in world.ticket(number)["thread"])
            people = re.findall(r"(?m)^It is on its way|^We shall wait|^It must be with you", said)
            assert people == ["It is on its way", "We shall wait", "It must be with you"]
        assert shop.ticket(mirror["number"])["status"] == "open", "only its own agents resolve it"
        if not text_only:  # otherwise the other desk's last mail looks like a person's
            assert bank.ticket(first["number"])["status"] == "resolved"
