"""Checks across tables: names that refer to nothing, addresses and names used twice.

Works on values that were read already, and on places for the error lines. The only
files it looks for are the folders of template sets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from mailgate.config.toml.messages import did_you_mean, quoted_text
from mailgate.config.toml.reader import Name, Reading, Spot
from mailgate.rules.report.scope import readers
from mailgate.settings import Config


def check(config: Config, reading: Reading) -> None:
    """Note everything that is wrong between the tables of `config`."""
    _names(config, reading)
    _people(config, reading)
    _customers(config, reading)
    _teams(config, reading)
    _topics(config, reading)
    _twice(config, reading)
    _old_names(config, reading)
    _ways(config, reading)
    _report(config, reading)
    if config.smtp is None and not config.mailboxes:
        reading.warn(Spot(), "no way in but `mailgate ingest`: write [smtp] for a listener, or [mailbox.NAME]")


_CALLED = {"address": "desk address", "sla": "SLA plan", "canned": "canned response"}


def _names(config: Config, reading: Reading) -> None:
    """Every name refers to something."""
    known: Mapping[str, Collection[str]] = {
        "department": config.departments,
        "sla": config.slas,
        "topic": config.topics,
        "schedule": config.schedules,
        "role": config.roles,
        "agent": config.agents,
        "team": config.teams,
        "customer": config.customers,
        "address": config.addresses,
        "canned": config.canned,
        "mailbox": config.mailboxes,
    }
    for name in reading.names:
        if name.kind == "template":
            if config.templates is None or not (config.templates / name.name).is_dir():
                reading.error(name.spot, f"there is no folder templates/{name.name} beside the config")
        elif name.name not in known[name.kind]:
            kind = _CALLED.get(name.kind, name.kind)
            article = "an" if kind[0] in "aeiouS" and kind != "schedule" else "a"
            what = f"{quoted_text(name.name)} is not {article} {kind}"
            reading.error(name.spot, what + _right(name, known[name.kind], config))


def _right(name: Name, known: Collection[str], config: Config) -> str:
    """What would be right instead of a name that refers to nothing."""
    if name.kind == "agent":
        word = name.name.casefold()
        for key, agent in config.agents.items():
            if word in (agent.name.casefold(), *agent.emails):
                return f": agents are named by their key: did you mean {quoted_text(key)}?"
    if near := did_you_mean(name.name, known):
        return near
    header = {"agent": f"agent.{name.name}"}.get(name.kind, f"{name.kind}.{quoted_text(name.name)}")
    return f": write [{header}], or one of {', '.join(map(quoted_text, known)) or '(none yet)'}"


def _people(config: Config, reading: Reading) -> None:
    """Each address belongs to one person, and the desk's own to nobody."""
    owners: dict[str, str] = {}
    if not config.agents and not any(problem.where.startswith("[agent") for problem in reading.problems):
        reading.error(
            Spot(),
            'no agents: write [agent.elliot] and below it name = "Elliot Alderson", email = ["elliot@bank.example"]',
        )
    for agent in config.agents.values():
        for index, email in enumerate(filter(None, agent.emails)):
            spot = Spot().child("agent").child(agent.key).child("email").inside(index)
            owner = owners.setdefault(email, agent.key)
            if owner != agent.key:
                reading.error(spot, f"{email} is already an address of {owner}: an address belongs to one agent")
            if _is_ours(email, config):
                reading.error(
                    spot, f"{email} is an address of the desk: its mail to this agent would come back as mail"
                )
    if config.desk.admin and _is_ours(config.desk.admin, config):
        reading.error(
            Spot().child("desk").child("admin"),
            f"{config.desk.admin} is an address of the desk, which would write to itself: name a person's address",
        )


def _customers(config: Config, reading: Reading) -> None:
    """Each address and domain belongs to one customer, and agents' and the desk's to none."""
    emails: dict[str, str] = {}
    domains: dict[str, str] = {}
    for customer in config.customers.values():
        place = Spot().child("customer").child(customer.name)
        for person in customer.people:
            spot = place.child("people").inside(person[0])
            for email in person:
                if wrong := _not_a_customers(email, emails, config):
                    reading.error(spot, f"{email} {wrong}")
                emails[email] = customer.name
        for index, domain in enumerate(customer.domains):
            other = next((known for known in domains if _overlap(known, domain)), None)
            if other is not None:
                whose = domains[other]
                reading.error(
                    place.child("domains").inside(index),
                    f"{domain} overlaps with {other} of {quoted_text(whose)}: a mail would be of two customers",
                )
            domains[domain] = customer.name


def _not_a_customers(email: str, seen: Mapping[str, str], config: Config) -> str:
    """Why an address cannot be that of a customer's person, or of a second one; "" when it can."""
    if email in seen:
        return f"already stands in {quoted_text(seen[email])}: an address belongs to one person"
    if agent := config.agents_by_email.get(email):
        return f"is an address of the agent {agent.key}: agents are no customers' people"
    return "is an address of the desk: name a person's" if _is_ours(email, config) else ""


def _overlap(one: str, other: str) -> bool:
    """Whether two domains, with subdomains where they begin with a dot, have an address in common."""
    return any(
        mine == theirs or (mine.startswith(".") and f".{theirs.lstrip('.')}".endswith(mine))
        for mine, theirs in ((one, other), (other, one))
    )


def _is_ours(email: str, config: Config) -> bool:
    local, _, host = email.rpartition("@")
    base = config.addresses.get(f"{local.partition('+')[0]}@{host}")
    return email in config.addresses or (base is not None and base.plus)


def _teams(config: Config, reading: Reading) -> None:
    """`#assign NAME` means one thing."""
    agents = {word.casefold(): agent.key for agent in config.agents.values() for word in (agent.key, agent.name)}
    for name in config.teams:
        if agent := agents.get(name.casefold()):
            reading.error(
                Spot().child("team").child(name),
                f"{quoted_text(name)} also names the agent {agent}: rename one of them",
            )


def _topics(config: Config, reading: Reading) -> None:
    """Each topic stands below topics that exist."""
    for topic in config.topics.values():
        spot = Spot().child("topic").child(topic.name)
        if any(not part.strip() for part in topic.name.split(" / ")):
            reading.error(spot, 'has an empty part: write [topic."Parent / Child"]')
        elif topic.parent and topic.parent not in config.topics:
            others = [name for name in config.topics if name != topic.name]
            near = did_you_mean(topic.parent, others) or f': write [topic."{topic.parent}"], or take " / " out'
            reading.error(spot, f"its parent {quoted_text(topic.parent)} is missing{near}")


def _twice(config: Config, reading: Reading) -> None:
    """No two names of a kind differ in case alone: commands ignore case."""
    kinds: Mapping[str, Iterable[str]] = {
        "department": config.departments,
        "role": config.roles,
        "agent": config.agents,
        "team": config.teams,
        "customer": config.customers,
        "schedule": config.schedules,
        "sla": config.slas,
        "topic": config.topics,
        "canned": config.canned,
    }
    for kind, names in kinds.items():
        seen: dict[str, str] = {}
        for name in names:
            first = seen.setdefault(name.casefold(), name)
            if first != name:
                reading.error(
                    Spot().child(kind).child(name), f"differs from {quoted_text(first)} in case alone: keep one of them"
                )


def _old_names(config: Config, reading: Reading) -> None:
    """`was` names what is gone, once."""
    for kind, things in (
        ("department", config.departments),
        ("team", config.teams),
        ("agent", config.agents),
        ("sla", config.slas),
        ("topic", config.topics),
    ):
        heirs: dict[str, str] = {}
        for name, thing in things.items():
            for index, old in enumerate(thing.was):
                spot = Spot().child(kind).child(name).child("was").inside(index)
                heir = heirs.setdefault(old, name)
                if old in things:
                    reading.error(spot, f"{quoted_text(old)} still exists: was lists names that are gone")
                elif heir != name:
                    reading.error(spot, f"{quoted_text(old)} already went over to {quoted_text(heir)}")


def _report(config: Config, reading: Reading) -> None:
    """The report goes to somebody."""
    wanted = config.report.weekly or config.report.daily
    if wanted and config.agents and not readers(config):
        what = 'the report would go to nobody: name people in to, such as to = ["agent:ann"], or [desk] admin'
        reading.error(Spot().child("report").child("to"), what)


def _ways(config: Config, reading: Reading) -> None:
    """Mail does not go in circles, and no folder is read twice."""
    smtp, relay = config.smtp, config.relay
    if smtp and relay.transport == "smtp" and (smtp.host, smtp.port) == (relay.host, relay.port):
        reading.error(
            Spot().child("relay").child("port"),
            "is where [smtp] listens: the desk would write to itself: name the mail server's port",
        )
    seen: dict[tuple[str, str, str], str] = {}
    for name, mailbox in config.mailboxes.items():
        first = seen.setdefault((mailbox.host.lower(), mailbox.credentials.user, mailbox.folder), name)
        if mailbox.host and first != name:
            reading.error(
                Spot().child("mailbox").child(name), f"is read by [mailbox.{first}] already: keep one of them"
            )
