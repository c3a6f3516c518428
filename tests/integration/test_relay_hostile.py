"""A hostile relay: every code at every stage, silence, half a line, storms of 421.

Whatever it says for a while, each mail was handed over once when it takes mail again, or was refused for good and
waits for its agent to be notified; none is lost, none is sent twice, and the relay is not hammered.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from mailgate.outbound import backoff, lane, relay
from tests.post import Post, mail, post
from tests.sink import says_yes
from tests.waiting import until

TIMES = 2  # for which a stage is answered in a hostile way
STAGES = ("connect", "ehlo", "mail", "rcpt", "data", "end", "rset")
TEMPORARY = (
    "421 4.7.0 go away",
    "432 4.3.2 too many",
    "450 4.2.1 busy",
    "451 4.3.0 local",
    "452 4.2.2 full",
    "454 4.7.0 tls",
)
PERMANENT = (
    "500 5.5.2 what",
    "502 5.5.1 no",
    "503 5.5.1 order",
    "521 5.3.2 never",
    "530 5.7.0 who",
    "535 5.7.139 disabled",
    "550 5.1.1 no such user",
    "550 5.7.60 not as that sender",
    "552 5.3.4 large",
    "553 5.1.3 odd",
    "554 5.2.2 mailbox full",
    "554 5.7.1 spam",
    "556 5.1.10 null mx",
)
NONSENSE = (
    "close",
    "hang",
    "half 25",
    "half 250-ok",
    "",
    "ok",
    "999 what",
    "25x no",
    "354 go on",
    "220 again",
    "250-first\r\n451 second",
    "\x00\xff\x1b[31m",
    "250 " + "x" * 70_000,
)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_PAUSE", timedelta(seconds=0.05))
    monkeypatch.setattr(backoff, "RELAY_FIRST_PAUSE", timedelta(seconds=0.05))
    monkeypatch.setattr(backoff, "RELAY_LONGEST_PAUSE", timedelta(seconds=0.1))
    monkeypatch.setattr(lane, "THROTTLE_PAUSE", 0.1)
    for name in ("CONNECT_TIMEOUT", "REPLY_TIMEOUT", "SEND_TIMEOUT", "END_TIMEOUT"):
        monkeypatch.setattr(relay, name, 1.0)


async def settled(one: Post) -> bool:
    """Every mail was handed over or given up."""
    return all(state in ("sent", "failed") for state in await one.states())


async def balance(one: Post) -> None:
    """What was handed over is `sent` and was taken once; what failed was not taken and is to be reported."""
    rows = await one.rows()
    # A relay that grants DATA without a recipient gets an empty one (RFC 2920 3.1).
    taken = Counter(mail.header("Message-ID") for mail in one.sink.taken if mail.data.strip())
    assert set(taken.values()) <= {1}
    assert {row["message_id"] for row in rows if row["state"] == "sent"} == set(taken)
    refused = {each.id for each in await one.refused()}
    assert {row["id"] for row in rows if row["state"] == "failed"} == refused


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("answer", [*TEMPORARY, *PERMANENT, *NONSENSE])
async def test_nothing_is_lost_and_nothing_is_sent_twice(tmp_path: Path, stage: str, answer: str) -> None:
    if stage == "end" and says_yes(answer):
        return  # it took the mail, in a way that nobody understands: it is sent again, with the same Message-ID
    async with post(tmp_path, script={stage: [answer] * TIMES}) as one:
        await one.put(*(mail(f"m{number}", f"p{number}@client.example") for number in range(3)))
        await until(lambda: settled(one))
        await balance(one)
        if answer in TEMPORARY:
            assert await one.states() == ["sent"] * 3
        assert one.sink.connections < 40, "no storm"


@pytest.mark.parametrize("stage", ["connect", "ehlo", "mail", "rcpt", "end"])
async def test_a_storm_of_421_is_ridden_out(tmp_path: Path, stage: str) -> None:
    async with post(tmp_path, script={stage: ["421 4.3.2 shutting down"] * 30}) as one:
        await one.put(*(mail(f"m{number}", f"p{number}@client.example") for number in range(20)))
        await until(lambda: settled(one))
        await balance(one)
        assert await one.states() == ["sent"] * 20
        await until(lambda: not one.relay.last_error)
