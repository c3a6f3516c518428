"""Trying everything that the configuration names, several things at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from mailgate.connect.access_tokens import Account, in_thread
from mailgate.connect.resolver import Resolver
from mailgate.daemon.sign_ins import account_of
from mailgate.probes.domains import try_domains
from mailgate.probes.local import try_local
from mailgate.probes.mailbox import try_mailbox
from mailgate.probes.relay import try_relay
from mailgate.probes.stage import Stage
from mailgate.settings import Config, Credentials


async def try_everything(config: Config, resolver: Resolver, clock: Callable[[], datetime]) -> list[Stage]:
    """Every step, in the order of the configuration. `clock` returns the time (aware UTC)."""
    account = accounts_of(config, clock)
    mailboxes = [
        in_thread(try_mailbox, mailbox, account(mailbox.credentials), clock) for mailbox in config.mailboxes.values()
    ]
    relays = [
        try_relay(relay, _senders(config, relay.name), config.hostname, account(relay.credentials), clock)
        for relay in config.relays
    ]
    local = in_thread(lambda: [*try_local(config, clock())])
    domains = in_thread(lambda: [*try_domains(config, resolver)])
    return [stage for stages in await asyncio.gather(*mailboxes, *relays, local, domains) for stage in stages]


def accounts_of(config: Config, clock: Callable[[], datetime]) -> Callable[[Credentials], Account | None]:
    """What gives the OAuth 2.0 account of credentials, one for all that use it; None for those without."""
    accounts = {each.account: account_of(each, config, clock) for each in config.accounts}
    return lambda credentials: accounts.get(credentials.account)


def _senders(config: Config, name: str) -> list[str]:
    """The desk addresses whose mail this relay sends."""
    return [each for each in config.addresses if any(relay.name == name for relay in config.relays_for(each))]
