"""Checks across tables: names without a definition, addresses and names used twice, mail loops.

Works on values that have been read. The only files it looks for are the folders of template sets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from mailgate.config.built_in import LANGUAGES
from mailgate.config.toml.messages import did_you_mean, quoted_text
from mailgate.config.toml.reader import Name, Reading, Spot
from mailgate.rules.report.scope import readers
from mailgate.settings import Agent, Config, Department, SlaPlan, Team, Topic

_LABELS = {"address": "desk address", "sla": "SLA plan", "canned": "canned response"}  # of kinds of names
_PARTS = {"address of the desk": "address", "name of a customer": "customer"}  # of which a rule may write a part


def check(config: Config, reading: Reading) -> None:
    """Add every problem between the tables of `config` to `reading`."""
    _names(config, reading)
    _people(config, reading)
    _customers(config, reading)
    _teams(config, reading)
    _topics(config, reading)
    _case_duplicates(config, reading)
    _old_names(config, reading)
    _loops(config, reading)
    _report(config, reading)
    _unattended(config, reading)
    _listeners(config, reading)
    if config.smtp is None and not config.mailboxes:
        reading.warn(Spot(), "no mail source but `mailgate ingest`: write [smtp] for a listener, or [mailbox.NAME]")


def _names(config: Config, reading: Reading) -> None:
    """Every reference has a definition."""
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
        elif name.kind == "reader":
            if _is_desk_address(name.name, config):
                reading.error(name.spot, f"{name.name} is an address of the desk: mail to it would loop back")
        elif name.kind == "language":
            _language(name, config, reading)
        elif name.kind in _PARTS:
            _part(name, known[_PARTS[name.kind]], reading)
        elif name.name not in known[name.kind]:
            kind = _LABELS.get(name.kind, name.kind)
            article = "an" if kind[0] in "aeiouS" and kind != "schedule" else "a"
            what = f"{quoted_text(name.name)} is not {article} {kind}"
            reading.error(name.spot, what + _suggestion(name, known[name.kind], config))


def _language(name: Name, config: Config, reading: Reading) -> None:
    """There are texts in a language, shipped or of the administrator's own; else mails are written in English."""
    wanted = {name.name, name.name.partition("-")[0]}
    if wanted.isdisjoint(LANGUAGES) and not any(_own_texts(each, config) for each in wanted):
        cure = f"write one of {', '.join(map(quoted_text, LANGUAGES))}, or add templates/{name.name}/words.toml"
        reading.warn(name.spot, f"no mails are written in {quoted_text(name.name)}, but in English instead: {cure}")


def _own_texts(language: str, config: Config) -> bool:
    """Whether the folder of templates, or a set in it, has a folder of this language."""
    folder = config.templates
    return folder is not None and any(each.is_dir() for each in (folder / language, *folder.glob(f"*/{language}")))


def _part(name: Name, known: Collection[str], reading: Reading) -> None:
    """A rule that compares with a name has one that it can find."""
    if not any(name.name.casefold() in each.casefold() for each in known):
        near = did_you_mean(name.name, known) or f", as in {', '.join(map(quoted_text, known)) or '(none yet)'}"
        reading.warn(name.spot, f"matches nothing: {quoted_text(name.name)} is in no {name.kind}{near}")


def _suggestion(name: Name, known: Collection[str], config: Config) -> str:
    """What to write instead of a name without a definition."""
    for successor, old_names in _former(name.kind, config):
        if name.name in old_names:
            return f": it is called {quoted_text(successor)} now"
    if name.kind == "agent":
        word = name.name.casefold()
        for key, agent in config.agents.items():
            if word in (agent.name.casefold(), *agent.emails):
                return f": agents are named by their key: did you mean {quoted_text(key)}?"
    if near := did_you_mean(name.name, known):
        return near
    header = {"agent": f"agent.{name.name}"}.get(name.kind, f"{name.kind}.{quoted_text(name.name)}")
    return f": write [{header}], or one of {', '.join(map(quoted_text, known)) or '(none yet)'}"


def _former(kind: str, config: Config) -> Iterable[tuple[str, Collection[str]]]:
    """What has former names, with these, by kind."""
    return ((name, thing.was) for name, thing in _renamable(config).get(kind, {}).items())


def _renamable(config: Config) -> Mapping[str, Mapping[str, Department | Team | Agent | SlaPlan | Topic]]:
    """What tickets name and `was` renames, by kind."""
    return {
        "department": config.departments,
        "team": config.teams,
        "agent": config.agents,
        "sla": config.slas,
        "topic": config.topics,
    }


def _people(config: Config, reading: Reading) -> None:
    """Each address belongs to one agent, and none is an address of the desk."""
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
            if _is_desk_address(email, config):
                reading.error(spot, f"{email} is an address of the desk: mail to this agent would loop back")
    if config.desk.admin and _is_desk_address(config.desk.admin, config):
        reading.error(
            Spot().child("desk").child("admin"),
            f"{config.desk.admin} is an address of the desk: it would send mail to itself; name a person's address",
        )


def _customers(config: Config, reading: Reading) -> None:
    """Each address and domain belongs to one customer, and none to an agent or the desk."""
    emails: dict[str, str] = {}
    domains: dict[str, str] = {}
    for customer in config.customers.values():
        place = Spot().child("customer").child(customer.name)
        for person in customer.people:
            spot = place.child("people").inside(person[0])
            for email in person:
                if wrong := _address_problem(email, emails, config):
                    reading.error(spot, f"{email} {wrong}")
                emails[email] = customer.name
        for index, domain in enumerate(customer.domains):
            other = next((known for known in domains if _overlap(known, domain)), None)
            if other is not None:
                owner = domains[other]
                reading.error(
                    place.child("domains").inside(index),
                    f"{domain} overlaps with {other} of {quoted_text(owner)}: a mail would match two customers",
                )
            domains[domain] = customer.name


def _address_problem(email: str, seen: Mapping[str, str], config: Config) -> str:
    """Why an address cannot belong to a customer, or to a second one; "" when it can."""
    if email in seen:
        return f"already belongs to {quoted_text(seen[email])}: an address belongs to one person"
    if agent := config.agents_by_email.get(email):
        return f"is an address of the agent {agent.key}: an agent cannot belong to a customer"
    return "is an address of the desk: name a person's address" if _is_desk_address(email, config) else ""


def _overlap(one: str, other: str) -> bool:
    """Whether two domains have an address in common; a domain with a leading dot includes its subdomains."""
    return any(
        mine == theirs or (mine.startswith(".") and f".{theirs.lstrip('.')}".endswith(mine))
        for mine, theirs in ((one, other), (other, one))
    )


def _is_desk_address(email: str, config: Config) -> bool:
    local, _, host = email.rpartition("@")
    base = config.addresses.get(f"{local.partition('+')[0]}@{host}")
    return email in config.addresses or (base is not None and base.plus)


def _teams(config: Config, reading: Reading) -> None:
    """No team has the name of an agent, so that `#assign NAME` is unambiguous."""
    agents = {word.casefold(): agent.key for agent in config.agents.values() for word in (agent.key, agent.name)}
    for name in config.teams:
        if agent := agents.get(name.casefold()):
            reading.error(
                Spot().child("team").child(name),
                f"{quoted_text(name)} also names the agent {agent}: rename one of them",
            )


def _topics(config: Config, reading: Reading) -> None:
    """The parent of each topic exists."""
    for topic in config.topics.values():
        spot = Spot().child("topic").child(topic.name)
        if any(not part.strip() for part in topic.name.split(" / ")):
            reading.error(spot, 'has an empty part: write [topic."Parent / Child"]')
        elif topic.parent and topic.parent not in config.topics:
            others = [name for name in config.topics if name != topic.name]
            near = did_you_mean(topic.parent, others) or f': write [topic."{topic.parent}"], or remove " / "'
            reading.error(spot, f"its parent {quoted_text(topic.parent)} is missing{near}")


def _case_duplicates(config: Config, reading: Reading) -> None:
    """No two names of a kind differ only in case, which commands ignore."""
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
                    Spot().child(kind).child(name), f"differs from {quoted_text(first)} only in case: keep one of them"
                )


def _old_names(config: Config, reading: Reading) -> None:
    """A former name in `was` exists no longer, and has one successor."""
    for kind, things in _renamable(config).items():
        successors: dict[str, str] = {}
        for name, thing in things.items():
            for index, old in enumerate(thing.was):
                spot = Spot().child(kind).child(name).child("was").inside(index)
                successor = successors.setdefault(old, name)
                if old in things:
                    reading.error(spot, f"{quoted_text(old)} still exists: was lists former names")
                elif successor != name:
                    reading.error(spot, f"{quoted_text(old)} is already a former name of {quoted_text(successor)}")


def _report(config: Config, reading: Reading) -> None:
    """The report has a recipient."""
    wanted = config.report.weekly or config.report.daily
    if wanted and config.agents and not readers(config):
        what = 'the report has no recipients: name people in to, such as to = ["agent:ann"], or [desk] admin'
        reading.error(Spot().child("report").child("to"), what)


def _unattended(config: Config, reading: Reading) -> None:
    """Somebody is in the department of tickets that nothing else routes."""
    name = config.defaults.department or ""
    if config.agents and name in config.departments and is_unattended(name, config):
        what = f"no agent is in {quoted_text(name)}, where tickets go that nothing else routes"
        cure = f"name another in [defaults] department, or write was = [{quoted_text(name)}] in its successor"
        reading.warn(Spot().child("defaults").child("department"), f"{what}: {cure}")


def is_unattended(department: str, config: Config) -> bool:
    """Whether a department has neither an agent nor a manager, so that the admin alone hears of its tickets."""
    return not config.members[department] and not config.departments[department].manager


def _loops(config: Config, reading: Reading) -> None:
    """No IMAP folder is read twice."""
    seen: dict[tuple[str, str, str], str] = {}
    for name, mailbox in config.mailboxes.items():
        first = seen.setdefault((mailbox.host.lower(), mailbox.credentials.user, mailbox.folder), name)
        if mailbox.host and first != name:
            reading.error(
                Spot().child("mailbox").child(name), f"is read by [mailbox.{first}] already: keep one of them"
            )


def _listeners(config: Config, reading: Reading) -> None:
    """Each listens at a place of its own. At port 0 the system chooses one."""
    found: dict[str, str] = {}
    for name, listener in (("smtp", config.smtp), ("submission", config.submission), ("http", config.http)):
        if listener is None or listener.endpoint.endswith(":0"):
            continue
        first = found.setdefault(listener.endpoint, name)
        if first != name:
            reading.error(Spot().child(name).child("listen"), f"is that of [{first}]: write another port or path")
    if config.submission and not any(agent.password for agent in config.agents.values()):
        what = 'no agent can log in: write password = "…" of `mailgate hash-password` in [agent.NAME]'
        reading.warn(Spot().child("submission"), what)
