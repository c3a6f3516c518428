"""Access tokens of the accounts that sign in with OAuth 2.0: renewed early, and one renewal an account at a time.

An account is used by several connections, on several threads; whoever comes while a token is
renewed waits for that one. A token that a server refused is renewed once. After a failure
nobody asks the token server again before a growing pause is over, however many ask here;
a new `mailgate login` ends the pause. A refresh token that could not be written is kept in memory
and written at the next attempt, for the server may take the one before it no longer. Nothing here
prints or logs a token.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar

from mailgate.connect import oauth2, rsa
from mailgate.connect.oauth2 import Grant, TokenRefused, TokenUnavailable
from mailgate.connect.token_file import Stored, TokenFile
from mailgate.errors import MailgateError, StorageError
from mailgate.settings import OAuth2, Secret
from mailgate.system.crash_points import crossing

EARLY = timedelta(minutes=5)  # before its end a token is renewed, or a fifth of its life where that is shorter
IDLE = timedelta(days=7)  # a refresh token that was not used for so long is used, so that it does not end unused
REFUSED_PAUSE = (timedelta(seconds=30), timedelta(minutes=15))  # first and longest
UNAVAILABLE_PAUSE = (timedelta(seconds=5), timedelta(minutes=5))

P = ParamSpec("P")
T = TypeVar("T")
Post = Callable[[str, Mapping[str, str], Path | None], tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class SignIn:
    """How the sign-in of an account stands; `expires_at` is when a person has to renew it, where that is known."""

    account: str
    ok: bool = True
    error: str = ""
    expires_at: datetime | None = None
    lasting: bool = False  # the error lasts until somebody changes something; so does it while the server is down
    tried: bool = False  # since the daemon's start


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    renew_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class _Failure:
    error: MailgateError
    count: int
    until: datetime
    stamp: int  # of the token file at that time


class Account:
    """The access token of one account. May be used from any thread; blocks while a token is fetched.

    `post` makes one request (`mailgate.connect.web.post`), `clock` returns the time (aware UTC).
    """

    def __init__(
        self,
        name: str,
        config: OAuth2,
        ca: Path | None,
        file: TokenFile,
        post: Post,
        clock: Callable[[], datetime],
    ) -> None:
        self.name = name
        self._config = config
        self._ca = ca
        self._file = file
        self._post = post
        self._clock = clock
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._failure: _Failure | None = None
        self._unwritten: tuple[Stored, Grant, datetime] | None = None  # what was stored, what came for it, and when
        self._state = SignIn(name)
        self._expiry: tuple[int, datetime | None] | None = None  # as read at one stamp of the token file

    def token(self, refused: str = "") -> str:
        """An access token; never the `refused` one, which a server just refused.

        Raises TokenRefused, TokenUnavailable, or StorageError when a new refresh token cannot be kept.
        """
        with self._lock:
            now = self._clock()
            known = self._token if self._token and self._token.value != refused else None
            if known and now < known.renew_at:
                return known.value
            try:
                return self._renew(now)
            except TokenUnavailable:
                if known and now < known.ends_at:
                    return known.value  # that is what renewing early is for
                raise

    def keep_alive(self) -> None:
        """Use a refresh token that nobody used for a week. Raises as `token` does."""
        with self._lock:
            now = self._clock()
            if self._config.flow == "code" and (stored := self._file.read()) and now - stored.renewed_at >= IDLE:
                self._renew(now)

    def may_retry(self) -> bool:
        """Whether the last attempt failed, and its pause is over: by time, or by a new sign-in."""
        return self._failure is not None and not self._waits(self._failure, self._clock())

    def stamp(self) -> int:
        """Another number whenever somebody signed in anew."""
        return self._file.stamp()

    def state(self) -> SignIn:
        """How the sign-in stands. Asks nobody."""
        stamp = self._file.stamp()
        if self._expiry is None or self._expiry[0] != stamp:
            self._expiry = stamp, self._expires_at()
        return replace(self._state, expires_at=self._expiry[1])

    def store(self, grant: Grant) -> None:
        """Keep what a person's sign-in gave (`mailgate login`). Raises StorageError."""
        with self._file.lock():
            self._keep(grant, self._clock())

    # ── within the lock ─────────────────────────────────────────────────────────────────

    def _renew(self, now: datetime) -> str:
        failure = self._failure
        if failure and self._waits(failure, now):
            raise failure.error
        try:
            grant = self._ask(now)
        except MailgateError as error:
            self._fail(error, now)
            raise
        self._failure = None
        self._state = SignIn(self.name, tried=True)
        ends_at = now + grant.life
        self._token = _Token(grant.access_token.value, ends_at - min(EARLY, grant.life / 5), ends_at)
        return self._token.value

    def _waits(self, failure: _Failure, now: datetime) -> bool:
        return now < failure.until and failure.stamp == self._file.stamp()

    def _fail(self, error: MailgateError, now: datetime) -> None:
        lasting = isinstance(error, TokenRefused)
        first, longest = REFUSED_PAUSE if lasting else UNAVAILABLE_PAUSE
        count = self._failure.count + 1 if self._failure else 1
        pause = min(first * (1 << min(count - 1, 10)), longest)
        self._failure = _Failure(error, count, now + pause, self._file.stamp())
        said = f"{error.public}: {error.cause}" if error.cause else error.public
        self._state = SignIn(self.name, ok=False, error=said, lasting=lasting or self._state.lasting, tried=True)

    def _ask(self, now: datetime) -> Grant:
        config = self._config
        if config.flow == "code":
            return self._refresh(now)
        if config.flow == "service-account":
            claims = oauth2.service_account_claims(config, now)
            return self._grant(oauth2.service_account_form(self._signed({}, claims)))
        assertion = ""
        if config.certificate:
            header = oauth2.certificate_header(rsa.certificate(config.certificate))
            assertion = self._signed(header, oauth2.client_claims(config, now, str(uuid.uuid4())))
        return self._grant(oauth2.client_form(config, assertion))

    def _signed(self, header: Mapping[str, object], claims: Mapping[str, object]) -> str:
        try:
            return oauth2.jwt(header, claims, rsa.signer(self._config.key.value))
        except ValueError as error:
            raise TokenRefused(f"the key of {self.name} cannot be used", cause=str(error)) from None

    def _refresh(self, now: datetime) -> Grant:
        with self._file.lock():
            self._write_unwritten()
            stored = self._file.read()
            config = self._config
            if stored is None or (stored.client_id, stored.token_url) != (config.client_id, config.token_url):
                raise TokenRefused(
                    f"nobody has signed in yet: run `mailgate login {self.name}`", error="login_required"
                )
            try:
                grant = self._grant(oauth2.refresh_form(config, stored.refresh_token), stored.refresh_token)
            except TokenRefused as error:
                if error.error != "invalid_grant":
                    raise
                again = f"the sign-in has ended: run `mailgate login {self.name}`"
                raise TokenRefused(again, error=error.error, cause=f"{error.error}: {error.cause}") from None
            self._unwritten = stored, grant, now
            self._write_unwritten()
            return grant

    def _write_unwritten(self) -> None:
        """Write the latest refresh token, unless somebody signed in meanwhile."""
        if self._unwritten:
            stored, grant, when = self._unwritten
            if self._file.read() == stored:
                self._keep(grant, when, stored)
            self._unwritten = None

    def _grant(self, form: Mapping[str, str], *more: Secret) -> Grant:
        config = self._config
        crossing("request of a token")
        status, body = self._post(config.token_url, form, self._ca)
        crossing("token granted")
        return oauth2.read_grant(status, body, (config.client_secret, *more, Secret(form.get("assertion", ""))))

    def _keep(self, grant: Grant, now: datetime, old: Stored | None = None) -> None:
        """What the server gave, durable before it is used; a server may give the old refresh token again, or none."""
        refresh_token = grant.refresh_token or (old.refresh_token if old else Secret())
        if not refresh_token:
            raise TokenUnavailable("the token server gave no refresh token")
        ends_at = old.ends_at if old and not grant.refresh_token else None
        if grant.refresh_life:
            ends_at = now + grant.refresh_life
        self._file.write(Stored(refresh_token, self._config.client_id, self._config.token_url, now, ends_at))

    def _expires_at(self) -> datetime | None:
        """When a certificate ends, or a refresh token that nobody manages to renew."""
        config = self._config
        try:
            if config.certificate:
                return rsa.certificate(config.certificate).ends_at
            stored = self._file.read() if config.flow == "code" else None
        except (StorageError, ValueError):
            return None
        if stored is None:
            return None
        unused = stored.renewed_at + config.unused_life if config.unused_life else None
        return min((each for each in (stored.ends_at, unused) if each), default=None)


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run what blocks on a thread of its own, which no end of the process waits for."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        outcome: tuple[T | None, BaseException | None]
        try:
            outcome = work(*args, **kwargs), None
        except Exception as error:
            outcome = None, error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=run, name="token", daemon=True).start()
    return await answer
