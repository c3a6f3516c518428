"""Looking up what the DNS says of the desk's domains. Blocking."""

from __future__ import annotations

from collections.abc import Iterator

from mailgate.connect import rsa
from mailgate.connect.providers import PROVIDERS, Provider
from mailgate.connect.resolver import NoAnswer, Resolver
from mailgate.probes import domain_records
from mailgate.probes.stage import Stage, State
from mailgate.settings import Config, DkimKey


def try_domains(config: Config, resolver: Resolver) -> Iterator[Stage]:
    """MX, SPF, DKIM and DMARC of each domain with a desk address."""
    domains: dict[str, str] = {}
    for address in config.addresses:
        domains.setdefault(address.rpartition("@")[2], address)
    for domain, address in domains.items():
        relay = config.relays_for(address)[0]
        try:
            yield from _domain(config, domain, PROVIDERS.get(relay.provider), resolver)
        except NoAnswer as error:
            yield Stage(f"domain {domain}", "dns", State.WARNING, f"cannot be looked up: {error.public}")


def _domain(config: Config, domain: str, provider: Provider | None, resolver: Resolver) -> Iterator[Stage]:
    target = f"domain {domain}"
    if hosts := resolver.look_up(domain, "MX"):
        yield Stage(target, "mx", State.OK, ", ".join(hosts[:3]))
    else:
        yield Stage(target, "mx", State.WARNING, "no MX record: nobody outside can write to this domain")
    yield domain_records.spf(domain, resolver.look_up(domain, "TXT"), provider)
    keys = _signing(config, domain)
    for key in keys:
        texts = resolver.look_up(f"{key.selector}._domainkey.{key.domain}", "TXT")
        yield domain_records.dkim_key(key.domain, key.selector, texts, rsa.public_key(key.key.value))
    if not keys:
        selectors = provider.dkim_selectors if provider else ()
        found = [each for each in selectors if resolver.look_up(f"{each}._domainkey.{domain}", "TXT")]
        yield domain_records.dkim_of_provider(domain, found, provider)
    policy = domain_records.discover(domain, lambda name: resolver.look_up(name, "TXT"))
    yield domain_records.dmarc(domain, policy)


def _signing(config: Config, domain: str) -> list[DkimKey]:
    """The keys for mail from the addresses of a domain: of each relay that sends it, those of the nearest domain."""
    found: list[DkimKey] = []
    for address in config.addresses:
        for relay in config.relays_for(address) if address.rpartition("@")[2] == domain else ():
            fitting = [key for key in relay.dkim if f".{domain}".endswith(f".{key.domain}")]
            nearest = max((len(key.domain) for key in fitting), default=0)
            found += [key for key in fitting if len(key.domain) == nearest]
    return [*dict.fromkeys(found)]
