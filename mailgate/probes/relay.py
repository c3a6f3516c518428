"""Trying a relay: reach it, get a token, sign in, and offer it each desk address as sender. No mail is sent."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from mailgate.connect.access_tokens import Account, in_thread
from mailgate.outbound.relay import SmtpRelay
from mailgate.probes.hints import Failure, hint
from mailgate.probes.mailbox import about, token_stage, with_hint
from mailgate.probes.stage import Stage, State, failed
from mailgate.probes.wire import Peer, reach
from mailgate.settings import Relay


async def try_relay(
    relay: Relay, senders: Sequence[str], hostname: str, account: Account | None, clock: Callable[[], datetime]
) -> list[Stage]:
    """Each step until one fails. `senders` are the desk addresses whose mail it sends."""
    target = f"relay {relay.name}" if relay.name != "relay" else "relay"
    if relay.path is not None:
        return [_maildir(target, relay.path)]
    failure = Failure(provider=relay.provider, protocol="smtp", step="", said="", **about(relay.credentials))
    peer = Peer(relay.host, relay.port, relay.tls, "smtp", relay.credentials.ca)
    stages = await in_thread(lambda: [*reach(target, peer, clock())])
    if not failed(stages):
        stages += [stage async for stage in _spoken(target, relay, senders, hostname, account)]
    return [_hinted(stage, failure) for stage in stages]


async def _spoken(
    target: str, relay: Relay, senders: Sequence[str], hostname: str, account: Account | None
) -> AsyncIterator[Stage]:
    if account is not None:
        stage = await in_thread(token_stage, target, account)
        yield stage
        if stage.state is State.FAILED:
            return
    connection = SmtpRelay(relay, hostname, account)
    try:
        refusal = await connection.sign_in()
        offered = ", ".join(sorted(connection.extensions))
        if refusal is not None:
            step = "sign-in" if refusal.stage == "login" else "ehlo"
            yield Stage(target, step, State.FAILED, str(refusal))
            return
        yield Stage(target, "ehlo", State.OK, f"as {hostname}; it offers {offered}" if offered else f"as {hostname}")
        if relay.credentials.user:
            yield Stage(target, "sign-in", State.OK, f"as {relay.credentials.user}")
        for sender in senders:
            reply = await connection.try_sender(sender)
            state = State.OK if reply.code == 250 else State.FAILED
            yield Stage(target, "sender", state, f"{sender}: {reply}" if state is State.FAILED else sender)
    finally:
        await connection.close()


def _hinted(stage: Stage, failure: Failure) -> Stage:
    if stage.name == "sender" and stage.state is State.FAILED:
        address = stage.text.partition(":")[0]
        return replace(stage, hint=hint(replace(failure, step="sender", said=stage.text, address=address)))
    return with_hint(stage, failure)


def _maildir(target: str, path: Path) -> Stage:
    folder = next((each for each in (path, *path.parents) if each.exists()), path)
    if folder.is_dir() and os.access(folder, os.W_OK):
        return Stage(target, "folder", State.OK, f"{path}")
    return Stage(
        target, "folder", State.FAILED, f"{folder} cannot be written", "make it, or give it to the daemon's user"
    )
