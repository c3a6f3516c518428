"""Canned responses: the administrator's texts, filled in for one ticket.

They go to requesters, so they read public values alone: no note, no key, no department or
help topic that is not public, and no agent's name where the desk masks them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches

from mailgate.config.toml.lines import nearest, scan
from mailgate.errors import Problem, Refused
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import phrase
from mailgate.rules.text.moments import ENGLISH, Dates
from mailgate.settings import Canned, Config
from mailgate.ticket import Address, Status, Ticket
from mailgate.writing.mail import identity
from mailgate.writing.mail.headers import plain
from mailgate.writing.templates.phrases import Catalogue
from mailgate.writing.templates.sandbox import broken, fill

_UNKNOWN = re.compile(r"'(\w+)'(?: is undefined)?$")  # as Jinja2 names what there is not
_SPECIMEN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def fill_canned(name: str, ticket: Ticket, agent: str, config: Config, catalogue: Catalogue) -> str:
    """The canned response `name` for `ticket`, in its language; `agent` is the sender's key, "" for a rule.

    Raises Refused where it cannot be filled in.
    """
    canned = config.canned[name]
    language = ticket.language or config.desk.language
    dates = catalogue.words(language, config.desk.language).dates
    try:
        text = fill(canned.text.get(language), canned_values(ticket, agent, config, dates))
    except Exception as error:  # a template may raise anything
        raise Refused(phrase("refused.canned_broken", name=name, error=str(error))) from error
    return text.strip()


def check_canned(config: Config) -> tuple[Problem, ...]:
    """Faults of the canned responses: each is filled in for specimen tickets, in all its languages."""
    return tuple(problem for canned in config.canned.values() for problem in _check(canned, config))


def _check(canned: Canned, config: Config) -> Iterator[Problem]:
    for language, text in canned.text.by_language.items():
        try:
            for ticket, agent in _specimens(config):
                values = canned_values(ticket, agent, config, ENGLISH)
                fill(text, values)
        except Exception as error:
            place = ("canned", canned.name, "text", *([language] if language else []))
            line = nearest(scan(config.file.read_text("utf-8-sig")), place)
            label = f"[canned.{canned.name}.text{f'.{language}' if language else ''}]"
            yield Problem(label, f"{broken(error)}{_near(error, values)}", line, str(config.file))


def _near(error: Exception, values: Mapping[str, Mapping[str, str]]) -> str:
    """What may have been meant by a value that there is not; "" for another fault."""
    unknown = _UNKNOWN.search(str(error))
    if not unknown:
        return ""
    known = {*values, *(name for names in values.values() for name in names)}
    near = get_close_matches(unknown[1], sorted(known), n=1)
    return f": did you mean {near[0]}?" if near else ": docs/templates.md lists the values that there are"


def _specimens(config: Config) -> Iterator[tuple[Ticket, str]]:
    """A ticket with everything in it, answered by an agent, and a bare one that a machine answers."""
    for full in (True, False):
        ticket = Ticket(
            number=config.desk.first_number,
            subject="Printer" if full else "",
            status=Status.OPEN,
            requester=Address("karen@client.example", "Karen Client" if full else ""),
            department=str(config.defaults.department),
            topic=str(config.defaults.topic),
            priority=str(config.defaults.priority),
            sla=str(config.defaults.sla),
            address=config.first_address.email,
            created_at=_SPECIMEN,
            updated_at=_SPECIMEN,
            sla_started_at=_SPECIMEN,
        )
        yield ticket, next(iter(config.agents), "") if full else ""


def canned_values(ticket: Ticket, agent: str, config: Config, dates: Dates) -> Mapping[str, Mapping[str, str]]:
    """The values that a canned response may read; docs/templates.md lists them."""
    notice = Notice(kind=NoticeKind.REPLY, to=ticket.requester, cause="", ticket=ticket, by_agent=agent)
    address = identity.desk_address(notice, config)
    topic, department = config.topics.get(ticket.topic), config.departments.get(ticket.department)
    name, who = plain(ticket.requester.name, 100), identity.agent_name(notice, config)
    return {
        "ticket": {
            "number": str(ticket.number),
            "token": identity.token(ticket.number, config),
            "subject": identity.title(notice, config),
            "status": str(ticket.status),
            "priority": ticket.priority,
            "topic": topic.name if topic and topic.public else "",
            "department": department.name if department and department.public else "",
            "opened": dates.moment(ticket.created_at, config.desk.timezone),
        },
        "requester": {"name": name, "first_name": name.partition(" ")[0], "email": ticket.requester.email},
        "agent": {"name": who, "first_name": who.partition(" ")[0]},
        "desk": {
            "name": identity.desk_name(notice, config),
            "address": address.email,
            "address_name": address.name,
        },
    }
