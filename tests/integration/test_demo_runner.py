"""The demo on a slow machine: what a timer sends may arrive during the step before the one that expects it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.config.load import load
from mailgate.demo import runner
from mailgate.demo.mail_client import ReceivedMail, SentMail
from mailgate.demo.runner import Runner, StepFailed
from mailgate.demo.scenario import ELLIOT, KAREN, SOFIA
from mailgate.outbound.maildir import MaildirRelay
from mailgate.outbound.payload import Payload
from mailgate.store.db import open_writer
from tests.desk import CONFIG


class Silent:
    """Shows nothing to nobody."""

    def ticket(self, title: str) -> None: ...
    def step(self, headline: str) -> None: ...
    def sent(self, mail: SentMail) -> None: ...
    def received(self, mail: ReceivedMail) -> None: ...
    async def pause(self) -> None: ...


@pytest.fixture
def demo(tmp_path: Path) -> Runner:
    """Steps on a desk whose queues are empty."""
    (tmp_path / "config.toml").write_text(CONFIG)
    config = load(tmp_path / "config.toml")[0]
    config.storage.database.parent.mkdir()
    open_writer(config.storage.database).close()
    return Runner(config, 0, Silent())


async def deliver(demo: Runner, to: str, kind: str) -> None:
    raw = f"From: support@bank.example\r\nSubject: x\r\nX-Mailgate-Notice: {kind}\r\n\r\nx\r\n".encode()
    await MaildirRelay(demo._config.relays[0].path).send("", to, Payload(raw))


async def test_an_early_notice_of_a_timer_belongs_to_the_step_that_expects_it(demo: Runner) -> None:
    await deliver(demo, KAREN.email, "acknowledgement")
    await deliver(demo, SOFIA.email, "overdue")
    assert set(await demo.wait("Karen writes", {KAREN: "acknowledgement"})) == {KAREN}
    await deliver(demo, ELLIOT.email, "overdue")
    assert set(await demo.wait("The time runs out", {SOFIA: "overdue", ELLIOT: "overdue"})) == {SOFIA, ELLIOT}
    assert demo.early == []


async def test_an_early_notice_that_no_step_expects_is_kept_for_the_end(demo: Runner) -> None:
    await deliver(demo, KAREN.email, "acknowledgement")
    await deliver(demo, SOFIA.email, "overdue")
    await demo.wait("Karen writes", {KAREN: "acknowledgement"})
    assert [mail.to for mail in demo.early] == [SOFIA.email]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (["acknowledgement", "acknowledgement"], f"{KAREN.email} received acknowledgement"),
        ([], f"{KAREN.email} did not receive acknowledgement"),
    ],
)
async def test_a_mail_too_many_or_too_few_fails_the_step(
    demo: Runner, sent: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "STEP_TIMEOUT", 0.1 if not sent else runner.STEP_TIMEOUT)
    for kind in sent:
        await deliver(demo, KAREN.email, kind)
    with pytest.raises(StepFailed, match=said):
        await demo.wait("Karen writes", {KAREN: "acknowledgement"})
