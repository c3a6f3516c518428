"""[alerts], [notices], [trust], [tickets], [attachments], [report], [spam] and [alarm]: the desk's policies."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from urllib.parse import urlsplit

from mailgate.config.sections.routing import RECIPIENTS, domain, recipients
from mailgate.config.toml import units
from mailgate.config.toml.messages import one_of, quoted_text
from mailgate.config.toml.reader import Table
from mailgate.settings import Alarm, Alerts, Attachments, Notices, Rate, ReportMail, Spam, Tickets, Trust

_MAX_SIZE = 1_000_000_000  # bytes
_EXTENSION = re.compile(r"\w{1,20}")
REPORT_READERS = ("admin", "manager", "team-lead")
ALERTS = ("new_ticket", "new_message", "colleague_reply", "note", "assigned", "transferred", "status")


def read_alerts(top: Table) -> Alerts:
    """Read [alerts]."""
    table = top.table("alerts") or top.sub("alerts", {})
    defaults = Alerts()
    alerts = Alerts(**{key: recipients(table, key, getattr(defaults, key)) for key in ALERTS})
    table.done()
    return alerts


def read_some_alerts(table: Table) -> dict[str, tuple[str, ...]]:
    """Read the alerts of a department, which only overrides the keys that it sets."""
    alerts = {key: recipients(table, key) for key in ALERTS if key in table or table.raw(key)}
    table.done()
    return alerts


def read_notices(top: Table) -> Notices:
    """Read [notices]."""
    table = top.table("notices") or top.sub("notices", {})
    notices = Notices(
        acknowledge=table.flag("acknowledge", default=True),
        acknowledge_within=table.duration("acknowledge_within", timedelta(days=3)),
        follow_up=table.flag("follow_up", default=False),
        status_changes=table.choices("status_changes", ("resolved", "closed", "reopened"), ("resolved",)),
        satisfaction=table.flag("satisfaction", default=True),
        limit_per_sender=table.value("limit_per_sender", units.rate, Rate(6, timedelta(hours=1)), units.RATE_FORM),
        limit_unknown=table.value("limit_unknown", units.rate, Rate(100, timedelta(hours=1)), units.RATE_FORM),
    )
    table.done()
    return notices


def read_trust(top: Table) -> Trust:
    """Read [trust]."""
    table = top.table("trust") or top.sub("trust", {})
    methods = ("reply-key", "dmarc", "login")
    trust = Trust(
        agents=table.choices("agents", methods, methods),
        domains=_domains(table),
        otherwise=table.choice("otherwise", ("confirm", "refuse"), "confirm"),
    )
    table.done()
    return trust


def read_tickets(top: Table) -> Tickets:
    """Read [tickets]."""
    table = top.table("tickets") or top.sub("tickets", {})
    tickets = Tickets(
        claim_on_reply=table.flag("claim_on_reply", default=True),
        after_reply=table.choice("after_reply", ("", "pending"), ""),
        reopen_within=table.duration("reopen_within", timedelta(days=30), zero=True),
        close_resolved_after=table.duration("close_resolved_after", timedelta(days=3)),
        thanks=table.choice("thanks", ("keep", "reopen"), "keep"),
        strangers=table.choice("strangers", ("new", "collaborator"), "new"),
        max_open_per_requester=table.whole("max_open_per_requester", 50, 1, 1_000_000),
        max_collaborators=table.whole("max_collaborators", 10, 0, 1_000),
    )
    table.done()
    return tickets


def read_attachments(top: Table) -> Attachments:
    """Read [attachments]."""
    table = top.table("attachments") or top.sub("attachments", {})
    defaults = Attachments()
    attachments = Attachments(
        send_max=_size(table, "send_max", defaults.send_max),
        alert_max=_size(table, "alert_max", defaults.alert_max),
        block=_extensions(table, defaults.block),
    )
    table.done()
    return attachments


def _size(table: Table, key: str, default: int) -> int:
    size = table.value(key, units.size, default, f'"{default // 1_000_000} MB"')
    if size > _MAX_SIZE:
        table.error(key, 'must be at most "1 GB"')
        return default
    return size


def _extensions(table: Table, default: tuple[str, ...]) -> tuple[str, ...]:
    """File extensions without the dot, in lower case; an empty list blocks nothing."""
    found = []
    for index, value in enumerate(table.texts("block", default, example='["exe", "scr"]')):
        extension = value.strip().removeprefix("*").removeprefix(".").lower()
        if not _EXTENSION.fullmatch(extension):
            table.reading.error(
                table.at("block").inside(index), f'"{value}" is not a file extension: write one such as "exe"'
            )
        found.append(extension)
    return tuple(dict.fromkeys(found))


def read_report(top: Table) -> ReportMail:
    """Read [report]."""
    table = top.table("report") or top.sub("report", {})
    to = recipients(table, "to", ReportMail().to)
    for index, name in enumerate(to):
        if name in RECIPIENTS and name not in REPORT_READERS:
            what = f'"{name}" means nothing without a ticket: {one_of((*REPORT_READERS, "agent:KEY"))}, or an address'
            table.reading.error(table.at("to").inside(index), what)
    report = ReportMail(
        weekly=table.value("weekly", units.weekly, None, units.WEEKLY_FORM),
        daily=table.value("daily", units.daily, None, units.CLOCK_FORM),
        to=to,
    )
    table.done()
    return report


def read_spam(top: Table) -> Spam:
    """Read [spam]."""
    table = top.table("spam") or top.sub("spam", {})
    defaults = Spam()
    to = recipients(table, "to", defaults.to)
    for index, name in enumerate(to):
        if name in RECIPIENTS and name != "admin":
            what = f'"{name}" means nothing without a ticket: {one_of(("admin", "agent:KEY"))}, or an address'
            table.reading.error(table.at("to").inside(index), what)
    spam = Spam(
        headers=table.flag("headers", default=True),
        action=table.choice("action", ("hold", "tag", "drop"), defaults.action),
        digest=table.value("digest", units.daily, defaults.digest, units.CLOCK_FORM),
        to=to,
    )
    table.done()
    return spam


def read_alarm(top: Table) -> Alarm:
    """Read [alarm]."""
    table = top.table("alarm") or top.sub("alarm", {})
    alarm = Alarm(
        command=table.texts("command", example='["/usr/local/bin/page", "--urgent"]'),
        webhook=table.value("webhook", _url, "", '"https://alerts.bank.example/mailgate"'),
    )
    if alarm.command and shutil.which(alarm.command[0]) is None:
        table.reading.warn(table.at("command"), f"{alarm.command[0]}: no such program")
    table.done()
    return alarm


def _url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError(f"{quoted_text(text)} is no URL: it begins with https:// and names a host")
    return text


def _domains(table: Table) -> tuple[str, ...]:
    found = []
    for index, value in enumerate(table.texts("domains", example='["bank.example"]')):
        try:
            found.append(domain(value))
        except ValueError as error:
            table.reading.error(table.at("domains").inside(index), str(error))
    return tuple(found)
