"""Reports as notices: in answer to `#report`, by the schedule of [report], and for a file.

What a reader may see is `rules/report/scope.py`; the figures are `rules/report/counting.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.desk.outcome import Context, ReportOrder
from mailgate.desk.request.request import Request
from mailgate.figures import Report
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase, Sentence, phrase
from mailgate.rules.commands.orders import Order, ResolvedCommands
from mailgate.rules.report.counting import Counted
from mailgate.rules.report.period import read_period
from mailgate.rules.report.scope import readers, scope_of, scope_of_reader
from mailgate.settings import Agent, Config
from mailgate.ticket import Address
from mailgate.writing.report_text import as_text


def answer_reports(
    request: Request, resolved: ResolvedCommands, context: Context, facts: tuple[Sentence, ...] = ()
) -> tuple[Notice, ...]:
    """A notice for each `#report`, below `facts`; empty for an order from the command line."""
    orders = [order for order in resolved.orders if order.verb == "report"]
    return tuple(
        replace(
            notice,
            report=context.reports[_span(order)],
            cause=f"{request.cause}|report{place}",
            subject=_subject(_span(order)),
        )
        for place, order in enumerate(orders, start=1)
        for notice in request.answer(NoticeKind.REPORT, None, facts)
    )


def report_text(order: Order, request: Request, context: Context) -> str:
    """The report as text, for the command line."""
    zone = context.config.zone(request.agent.key) if request.agent else context.config.desk.timezone
    agents = {key: agent.name for key, agent in context.config.agents.items()}
    return as_text(context.reports[_span(order)], zone, agents, context.catalogue.words("en"))


def uncounted(resolved: ResolvedCommands, request: Request, context: Context) -> tuple[ReportOrder, ...]:
    """The reports of the request that are not counted yet."""
    spans = dict.fromkeys(_span(order) for order in resolved.orders if order.verb == "report")
    return tuple(ReportOrder(span, request.agent) for span in spans if span not in context.reports)


def _span(order: Order) -> timedelta:
    return read_period(str(order.value or ""))


def _subject(span: timedelta) -> Phrase:
    """The subject of the answer: the period in days, in hours where these are no whole days."""
    hours = span // timedelta(hours=1)
    return phrase("report.last_hours", count=hours) if hours % 24 else phrase("report.last_days", count=hours // 24)


def report_for(counted: Counted, agent: Agent | None, config: Config) -> Report:
    """The report for an agent, None for the administrator."""
    scope = scope_of(agent, config)
    return counted.report(scope.seen, scope.label)


def mailed_reports(counted: Counted, name: str, config: Config) -> Iterator[Notice]:
    """The notices of a scheduled report, "weekly" or "daily", to each of its readers as they may see it."""
    for who in readers(config):
        scope = scope_of_reader(who, config)
        yield Notice(
            kind=NoticeKind.REPORT,
            to=who.address,
            agent=who.agent,
            cause=f"report:{name}:{counted.until:%Y-%m-%dT%H:%M}",
            subject=Phrase(f"report.subject_{name}"),
            report=counted.report(scope.seen, scope.label),
        )


def report_page(report: Report, at: datetime) -> Notice:
    """The notice of which a report file is rendered; it has no recipient."""
    return Notice(
        kind=NoticeKind.REPORT,
        to=Address(""),
        cause=f"report:{at.isoformat()}",
        subject=Phrase("report.subject"),
        report=report,
    )
