"""What the DNS records of a desk's domain say of its mail: SPF, DKIM and DMARC. Pure: records in, verdicts out.

SPF: RFC 7208. DKIM keys: RFC 6376 3.6.1. DMARC: RFC 9989, whose tree walk finds the record that applies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mailgate.connect.providers import Provider
from mailgate.probes.stage import Stage, State

MAX_LABELS = 7  # of a domain above the first that is asked (RFC 9989)


@dataclass(frozen=True, slots=True)
class Policy:
    """The DMARC record that applies to a domain, and where it was found."""

    domain: str
    action: str  # "none", "quarantine" or "reject"
    reports: bool  # it asks for reports


def spf(domain: str, texts: Iterable[str], provider: Provider | None) -> Stage:
    """Whether the domain says which servers send its mail, and names its provider's."""
    target = f"domain {domain}"
    records = [text for text in texts if re.match(r"v=spf1(?: |$)", text, re.IGNORECASE)]
    include = f"include:{provider.spf}" if provider and provider.spf else ""
    wanted = f'publish at {domain} (TXT): "v=spf1 {include or "mx"} ~all"'
    if not records:
        return Stage(target, "spf", State.WARNING, "no SPF record: receivers trust this domain's mail less", wanted)
    if len(records) > 1:
        return Stage(target, "spf", State.FAILED, "several SPF records count as none", "leave one of them")
    terms = records[0].lower().split()
    if include and include not in terms and not any(term.startswith("redirect=") for term in terms):
        assert provider is not None
        return Stage(target, "spf", State.WARNING, f"does not name {provider.name}: {records[0]}", f"add {include}")
    if "+all" in terms or "all" in terms:
        return Stage(target, "spf", State.WARNING, f"allows every server: {records[0]}", "end it with ~all")
    return Stage(target, "spf", State.OK, records[0])


def dkim_key(domain: str, selector: str, texts: Iterable[str], public_key: str) -> Stage:
    """Whether the record of a key of ours holds its public half."""
    target, name = f"domain {domain}", f"{selector}._domainkey.{domain}"
    publish = f'publish at {name} (TXT): "v=DKIM1; k=rsa; p={public_key}"'
    found = next(iter(texts), None)
    if found is None:
        return Stage(target, "dkim", State.FAILED, f"no record {name}: signatures are invalid", publish)
    if _tags(found).get("p", "").replace(" ", "") != public_key:
        return Stage(target, "dkim", State.FAILED, f"{name} holds another key: signatures are invalid", publish)
    return Stage(target, "dkim", State.OK, name)


def dkim_of_provider(domain: str, found: Sequence[str], provider: Provider | None) -> Stage:
    """Whether a provider signs mail of the domain, by the selectors that it is known to use and that were `found`."""
    target = f"domain {domain}"
    if found:
        return Stage(target, "dkim", State.OK, f"{found[0]}._domainkey.{domain}")
    if provider and provider.dkim_selectors:
        tried = ", ".join(provider.dkim_selectors)
        hint = f"turn on DKIM for {domain} at {provider.name}"
        return Stage(target, "dkim", State.WARNING, f"none of the selectors {tried} has a key", hint)
    return Stage(target, "dkim", State.OK, "no key in [relay] dkim: mail is signed only if the relay signs")


def dmarc(domain: str, policy: Policy | None) -> Stage:
    """What receivers are asked to do with mail that fails."""
    target = f"domain {domain}"
    if policy is None:
        wanted = f'publish at _dmarc.{domain} (TXT): "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"'
        return Stage(target, "dmarc", State.WARNING, "no DMARC record: large receivers ask for one", wanted)
    where = "" if policy.domain == domain else f", of {policy.domain}"
    return Stage(target, "dmarc", State.OK, f"{policy.action}{where}{'' if policy.reports else ', without reports'}")


def discover(domain: str, texts_of: Callable[[str], Iterable[str]]) -> Policy | None:
    """The DMARC policy of a domain by the tree walk (RFC 9989): its own record, else that of its organisation.

    `texts_of` looks up the TXT records of a name; what it raises comes through.
    """
    found: list[tuple[str, dict[str, str]]] = []
    for name in walk(domain):
        record = _record(texts_of(f"_dmarc.{name}"))
        if record is None:
            continue
        if name == domain:
            return _policy(name, record, "p")
        found.append((name, record))
        if record.get("psd") in ("y", "n"):
            break
    if not found:
        return None
    if found[-1][1].get("psd") == "y" and len(found) > 1:  # the organisation is the domain just below a public suffix
        labels = domain.split(".")[-found[-1][0].count(".") - 2 :]
        if found[-2][0] == ".".join(labels):
            return _policy(*found[-2], "sp")
    return _policy(*found[-1], "sp")


def walk(domain: str) -> list[str]:
    """The domains that are asked in turn: itself, then those above it, from seven labels down to one."""
    labels = domain.split(".")
    return [domain, *(".".join(labels[-count:]) for count in range(min(len(labels) - 1, MAX_LABELS), 0, -1))]


def _record(texts: Iterable[str]) -> dict[str, str] | None:
    records = [text for text in texts if re.match(r"v\s*=\s*DMARC1\s*(?:;|$)", text)]
    return _tags(records[0]) if len(records) == 1 else None


def _policy(domain: str, tags: dict[str, str], own: str) -> Policy:
    action = tags.get(own, tags.get("p", "none")).lower()
    return Policy(domain, action if action in ("quarantine", "reject") else "none", "rua" in tags)


def _tags(text: str) -> dict[str, str]:
    """The tag-value list of RFC 6376 3.2."""
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, equals, value in pairs if equals}
