"""[department.NAME], [role.NAME], [agent.KEY] and [team.NAME]: the staff of the desk."""

from __future__ import annotations

import re

from mailgate.config.built_in import ALL_ACCESS, SUPPORT, VIEW_ONLY, name_of_built_in
from mailgate.config.sections.policies import read_some_alerts
from mailgate.config.sections.routing import address, read_language, read_routing
from mailgate.config.toml import units
from mailgate.config.toml.messages import quoted_text
from mailgate.config.toml.reader import Table
from mailgate.rules.people.auto_assign import HAND_OUT, NONE
from mailgate.settings import EVERYTHING, PERMISSIONS, Agent, Department, Role, Secret, Team

_AGENT_KEY = re.compile(r"\w[\w.-]{0,63}")
_RESERVED = ("me", "nobody")  # keywords of the #assign command


def read_departments(top: Table) -> dict[str, Department]:
    """Read every [department.NAME]; *Support* is built in."""
    found = {SUPPORT.name: SUPPORT} if _support(top) == SUPPORT.name else {}
    for name, table in top.named("department"):
        found[name] = Department(
            name=name,
            manager=table.name("manager", "agent"),
            public=table.flag("public", default=True),
            confidential=table.flag("confidential", default=False),
            hand_out=table.choice("hand_out", HAND_OUT, NONE),
            signature=table.by_language("signature"),
            address=_desk_address(table),
            alerts=read_some_alerts(alerts) if (alerts := table.table("alerts")) else None,
            routing=read_routing(table, without="department"),
            was=table.texts("was"),
        )
        table.done()
    return found


def _support(top: Table) -> str:
    return name_of_built_in(SUPPORT.name, top.data.get("department"))


def read_roles(top: Table) -> dict[str, Role]:
    """Read every [role.NAME]; *All Access* and *View only* are built in."""
    found = {role.name: role for role in (ALL_ACCESS, VIEW_ONLY)}
    for name, table in top.named("role"):
        if "may" not in table:
            table.error("", 'may is missing: write may = ["note", "reply"], "everything" or []')
        may = table.choices("may", (*PERMISSIONS, "everything"), ())
        found[name] = Role(name=name, may=EVERYTHING if "everything" in may else frozenset(may))
        table.done()
    return found


def read_agents(top: Table) -> dict[str, Agent]:
    """Read every [agent.KEY]."""
    found = {}
    for key, table in top.named("agent"):
        nested = [name for name, value in table.data.items() if isinstance(value, dict) and name != "departments"]
        if not _AGENT_KEY.fullmatch(key) or key.casefold() in _RESERVED:
            table.error("", f"{quoted_text(key)} cannot be an agent's key: write a short word such as [agent.elliot]")
        elif nested and "email" not in table:
            table.error("", f"a key with a dot needs quotes: write [agent.{key}-{nested[0]}]")
            continue
        found[key] = _agent(key, table, _support(top))
    return found


def read_teams(top: Table) -> dict[str, Team]:
    """Read every [team.NAME]."""
    found = {}
    for name, table in top.named("team"):
        if name.casefold() in _RESERVED:
            table.error("", f"{quoted_text(name)} is a keyword of the #assign command: choose another name")
        found[name] = Team(
            name=name,
            lead=table.name("lead", "agent"),
            members=table.list_of("members", "agent"),
            hand_out=table.choice("hand_out", HAND_OUT, NONE),
            was=table.texts("was"),
        )
        if not found[name].members and not found[name].lead:
            table.reading.warn(table.spot, 'has no members: write members = ["…"], agents by their key')
        table.done()
    return found


def _agent(key: str, table: Table, support: str) -> Agent:
    role = table.name("role", "role", ALL_ACCESS.name)
    agent = Agent(
        key=key,
        name=table.needed("name", '"Elliot Alderson"'),
        emails=_emails(table),
        role=role,
        departments=_departments(table, role, support),
        signature=table.by_language("signature"),
        timezone=table.zone("timezone", None),
        language=read_language(table),
        hear=table.choice("hear", ("department", "mine", "digest"), "department"),
        digest=table.value("digest", units.clock, None, units.CLOCK_FORM),
        quiet=table.value("quiet", _quiet, None, '"20:00-07:00"'),
        password=Secret(table.value("password", _password, "", '"$scrypt$…"')),
        was=table.texts("was"),
    )
    if agent.hear == "digest" and agent.digest is None and "digest" not in table:
        table.error("hear", 'needs the time of the digest: write digest = "08:00"')
    table.done()
    return agent


def _quiet(text: str) -> tuple[int, int]:
    start, end = units.times(text)
    if end - start == 24 * 60:
        raise ValueError(f'"{text}" would never end: write "20:00-07:00", or hear = "digest" for fewer alerts')
    return start, end


def _password(text: str) -> str:
    from mailgate.system.passwords import check_hash  # late: few agents log in, and hashes take time to load

    return check_hash(text)


def _emails(table: Table) -> tuple[str, ...]:
    found = []
    for index, value in enumerate(table.texts("email", example='["elliot@bank.example"]')):
        try:
            found.append(address(value))
        except ValueError as error:
            table.reading.error(table.at("email").inside(index), str(error))
    if not table.data.get("email"):
        table.error("", 'email is missing: write email = ["elliot@bank.example"]')
    return tuple(found) or ("",)


def _departments(table: Table, role: str, support: str) -> dict[str, str]:
    """The agent's role in each department; the default is *Support* alone, which may have another name here."""
    value = table.raw("departments")
    if not isinstance(value, dict):
        return dict.fromkeys(table.list_of("departments", "department") or (support,), role)
    inner = table.sub("departments", value)
    for name in value:
        inner.refer("department", name, inner.at(name))
    return {name: inner.name(name, "role", role) for name in value} or {support: role}


def _desk_address(table: Table) -> str:
    value = table.value("address", lambda text: address(text) if text else "", "", '"support@bank.example"')
    return table.refer("address", value, table.at("address")) if value else ""
