"""Trying a mailbox: reach its server, get a token, sign in, open the folder, and see what the server can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from mailgate.connect.access_tokens import Account
from mailgate.errors import MailgateError
from mailgate.inbound.imap.session import FEATURES, Session
from mailgate.probes.hints import Failure, hint
from mailgate.probes.stage import Stage, State, failed
from mailgate.probes.wire import Peer, reach
from mailgate.settings import Credentials, Mailbox


def try_server(mailbox: Mailbox, now: datetime) -> list[Stage]:
    """Reach the server: each step until one fails. Blocking; nobody signs in."""
    failure = _failure(mailbox)
    peer = Peer(mailbox.host, mailbox.port, mailbox.tls, "imap", mailbox.credentials.ca)
    return [with_hint(stage, failure) for stage in reach(f"mailbox {mailbox.name}", peer, now)]


def try_mailbox(mailbox: Mailbox, account: Account | None, clock: Callable[[], datetime]) -> list[Stage]:
    """Each step until one fails. Blocking; nothing in the mailbox changes."""
    stages = try_server(mailbox, clock())
    if not failed(stages):
        found = _signed_in(f"mailbox {mailbox.name}", mailbox, account)
        stages += [with_hint(stage, _failure(mailbox)) for stage in found]
    return stages


def _failure(mailbox: Mailbox) -> Failure:
    return Failure(provider=mailbox.provider, protocol="imap", step="", said="", **about(mailbox.credentials))


def _signed_in(target: str, mailbox: Mailbox, account: Account | None) -> Iterator[Stage]:
    if account is not None:
        stage = token_stage(target, account)
        yield stage
        if stage.state is State.FAILED:
            return
    session = Session(mailbox, account)
    step = "sign-in"
    try:
        session.sign_in()
        yield Stage(target, step, State.OK, f"as {mailbox.credentials.user}")
        step = "folder"
        session.select()
        yield Stage(target, step, State.OK, f"{mailbox.folder}, {session.exists} messages")
        step = "features"
        yield _features(target, mailbox, session.capabilities())
    except MailgateError as error:
        yield Stage(target, step, State.FAILED, words(error))
    finally:
        session.close()


def _features(target: str, mailbox: Mailbox, found: frozenset[str]) -> Stage:
    missing = []
    if "IDLE" not in found and mailbox.idle:
        missing.append(f"no IDLE: new mail is looked for every {mailbox.poll.total_seconds():.0f} s")
    if "UIDPLUS" not in found and (mailbox.after == "delete" or (mailbox.after == "move" and "MOVE" not in found)):
        missing.append("no UIDPLUS: messages are removed only where nobody else deletes any")
    if missing:
        return Stage(target, "features", State.WARNING, "; ".join(missing))
    return Stage(target, "features", State.OK, ", ".join(name for name in FEATURES if name in found) or "none")


def token_stage(target: str, account: Account) -> Stage:
    """An access token, if one is to be had."""
    try:
        account.token()
    except MailgateError as error:
        return Stage(target, "token", State.FAILED, words(error))
    return Stage(target, "token", State.OK)


def about(credentials: Credentials) -> dict[str, str]:
    """What a hint needs to know of an account."""
    oauth2 = credentials.oauth2
    return {
        "sign_in": oauth2.flow if oauth2 else "password",
        "user": credentials.user,
        "client_id": oauth2.client_id if oauth2 else "",
        "account": credentials.account,
    }


def with_hint(stage: Stage, failure: Failure) -> Stage:
    """A failed step with what to do about it, where it does not say so itself."""
    if stage.state is not State.FAILED or stage.hint:
        return stage
    return replace(stage, hint=hint(replace(failure, step=stage.name, said=stage.text)))


def words(error: MailgateError) -> str:
    """An error and its cause."""
    cause = f"{error.cause}" if error.cause else ""
    return f"{error.public}: {cause}" if cause else error.public
