"""The OAuth 2.0 accounts of one daemon: keeps refresh tokens in use and notifies the administrator.

A refresh token ends when it is not used, so each is used once a week. The administrator gets a
mail 14 and 3 days before a sign-in expires; one that is refused is an alarm (`problems.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from mailgate.connect.access_tokens import Account, SignIn, in_thread
from mailgate.connect.token_file import FOLDER, TokenFile
from mailgate.connect.web import post
from mailgate.errors import MailgateError
from mailgate.settings import Config, Credentials
from mailgate.system.clock import pause

INTERVAL = 2.0  # seconds between checks for a new `mailgate login`
USE_INTERVAL = timedelta(hours=1)  # between checks whether a refresh token was unused for too long
WARNINGS = (timedelta(days=3), timedelta(days=14))  # before a sign-in expires

log = logging.getLogger("mailgate")


def account_of(credentials: Credentials, config: Config, clock: Callable[[], datetime]) -> Account | None:
    """The account that gives access tokens for `credentials`; None for a password or no sign-in."""
    if credentials.oauth2 is None:
        return None
    file = TokenFile(config.storage.beside.parent / FOLDER, credentials.account)
    return Account(credentials.account, credentials.oauth2, credentials.ca, file, post, clock)


class SignIns:
    """The accounts of the configuration in force.

    `clock` returns the time (aware UTC); `notify(cause, subject, facts)` mails the administrator,
    once for each cause.
    """

    def __init__(
        self,
        config: Config,
        clock: Callable[[], datetime],
        notify: Callable[[str, str, tuple[str, ...]], None],
    ) -> None:
        self._clock = clock
        self._notify = notify
        self._accounts: dict[str, tuple[Credentials, Account]] = {}
        self._stamps: dict[str, int] = {}
        self._failing: set[str] = set()  # accounts without a token at the last look
        self._warned: set[str] = set()  # causes of expiry warnings
        self.apply(config)

    def apply(self, config: Config) -> None:
        """Take the accounts of another configuration; unchanged ones keep their access tokens."""
        old, self._accounts = self._accounts, {}
        for credentials in config.accounts:
            known = old.get(credentials.account)
            account = known[1] if known and known[0] == credentials else account_of(credentials, config, self._clock)
            if account is not None:
                self._accounts[credentials.account] = credentials, account

    def account(self, credentials: Credentials) -> Account | None:
        """The account of credentials in the configuration in force; None for those without OAuth 2.0."""
        found = self._accounts.get(credentials.account)
        return found[1] if found else None

    def states(self) -> tuple[SignIn, ...]:
        """The state of each account."""
        return tuple(account.state() for _, account in self._accounts.values())

    async def run(self, on_sign_in: Callable[[str], Awaitable[None]], stop: asyncio.Event) -> None:
        """Look after the accounts until `stop`.

        `on_sign_in(account)` is called after each `mailgate login`, and when an account has a token again that had
        none: what else waits for it need not wait on.
        """
        used_at = self._clock()
        while not stop.is_set():
            for name, (_, account) in [*self._accounts.items()]:
                stamp = account.stamp()
                if self._stamps.setdefault(name, stamp) != stamp:
                    self._stamps[name] = stamp
                    await on_sign_in(name)
            await self._retry()
            for name in self.recovered():
                await on_sign_in(name)
            if self._clock() - used_at >= USE_INTERVAL:
                used_at = self._clock()
                await self._use_idle_tokens()
            self.notify_admin()
            await pause(stop, INTERVAL)

    def recovered(self) -> set[str]:
        """The accounts that have a token again, and had none at the last look."""
        states = self.states()
        failing = {state.account for state in states if not state.ok}
        recovered = self._failing.intersection(state.account for state in states) - failing
        self._failing = failing
        return recovered

    async def _retry(self) -> None:
        """Ask again where the last attempt failed: where nothing waits for a token, nobody else does."""
        for _, account in [*self._accounts.values()]:
            if account.may_retry():
                with suppress(MailgateError):  # its state says what is wrong
                    await in_thread(account.token)

    async def _use_idle_tokens(self) -> None:
        for _, account in [*self._accounts.values()]:
            try:
                await in_thread(account.keep_alive)
            except MailgateError as error:
                log.warning("cannot renew the sign-in %s: %s (%s)", account.name, error.public, error.cause)

    def notify_admin(self) -> None:
        """Send the mails that are due now."""
        now = self._clock()
        for state in self.states():
            if state.expires_at is not None:
                self._about_expiry(state.account, state.expires_at, now)

    def _about_expiry(self, account: str, ends_at: datetime, now: datetime) -> None:
        """One mail for each of `WARNINGS`; after a restart the outbox knows which causes it had."""
        for before in WARNINGS:
            if now >= ends_at - before:
                cause = f"sign-in-expires:{account}:{ends_at:%Y-%m-%d}:{before.days}"
                if cause not in self._warned:
                    self._warned.add(cause)
                    when = f"It expires on {ends_at:%d %b %Y, %H:%M} UTC; mail through this account stops then."
                    how = f"Before that, replace the certificate and reload, or run `mailgate login {account}`."
                    self._notify(cause, f"The sign-in {account} expires soon", (when, how))
                return
