"""[schedule.NAME] and [sla.NAME]: business hours and SLA plans."""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import ZoneInfo

from mailgate.config.built_in import ALWAYS, DEFAULT_SLA, STATUSES, always_open, name_of_built_in
from mailgate.config.sections.routing import read_routing, recipients
from mailgate.config.toml import units
from mailgate.config.toml.messages import quoted, quoted_text
from mailgate.config.toml.reader import Spot, Table
from mailgate.rules.text.moments import WEEKDAYS
from mailgate.settings import Hours, Routing, SlaPlan, Step

_DAYS = tuple(day[:3] for day in WEEKDAYS)
_HOLIDAY_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read_schedules(top: Table, desk_zone: ZoneInfo) -> dict[str, Hours]:
    """Read every [schedule.NAME]; *24/7* is built in."""
    found = {ALWAYS: always_open(desk_zone)}
    for name, table in top.named("schedule"):
        if name == ALWAYS:
            table.error("", "24/7 is built in and always open: give your schedule another name")
        codes, dates = _holidays(table)
        found[name] = Hours(
            name=name,
            timezone=table.zone("timezone", desk_zone),
            hours=_week(table),
            holiday_codes=codes,
            holiday_dates=dates,
        )
        table.done()
    return found


def read_slas(top: Table) -> dict[str, SlaPlan]:
    """Read every [sla.NAME]; *Default SLA* (18 h, 24/7) is built in, as in osTicket."""
    renamed = name_of_built_in(DEFAULT_SLA.name, top.data.get("sla")) != DEFAULT_SLA.name
    found = {} if renamed else {DEFAULT_SLA.name: DEFAULT_SLA}
    for name, table in top.named("sla"):
        if not {"resolve", "first_response", "next_response"} & set(table.data):
            table.error("", 'sets no target: write resolve = "18h" (or resolve = "" for a plan without a clock)')
        found[name] = SlaPlan(
            name=name,
            resolve=table.duration_or_none("resolve"),
            first_response=table.duration_or_none("first_response"),
            next_response=table.duration_or_none("next_response"),
            schedule=table.name("schedule", "schedule", ALWAYS),
            pause=table.choices("pause", STATUSES, ("pending",)),
            escalate=_escalation(table),
            was=table.texts("was"),
        )
        if "open" in found[name].pause:
            table.error("pause", "a clock that stops while a ticket is open never runs: remove open")
        table.done()
    return found


def _week(table: Table) -> dict[int, tuple[tuple[int, int], ...]]:
    example = 'hours = { mon-fri = "08:00-17:00" }'
    if "hours" not in table:
        table.raw("hours")
        table.error("", f"hours is missing: write {example}")
        return {}
    inner = table.table("hours")
    if inner is None:
        return {}
    week: dict[int, tuple[tuple[int, int], ...]] = {}
    for key in inner.data:
        spans = _spans(inner, key)
        for day in _days(inner, key):
            if day in week:
                inner.error(key, f"{_DAYS[day]} appears twice: list each day once")
            week[day] = spans
    if not any(week.values()) and not any(inner.data.values()):
        table.error("hours", f"this schedule never opens: write {example}")
    return {day: spans for day, spans in sorted(week.items()) if spans}


def _days(inner: Table, key: str) -> tuple[int, ...]:
    """The weekdays (0 = Monday) of "mon" or "mon-fri"; "sat-mon" wraps around the end of the week."""
    inner.asked.add(key)
    first, dash, last = key.lower().partition("-")
    if first not in _DAYS or (dash and last not in _DAYS):
        inner.error(key, f"{quoted(key)} is not a weekday: write mon, tue, wed, thu, fri, sat, sun or mon-fri")
        return ()
    start = _DAYS.index(first)
    length = (_DAYS.index(last) - start) % 7 if dash else 0
    return tuple((start + step) % 7 for step in range(length + 1))


def _spans(inner: Table, key: str) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for index, text in enumerate(inner.texts(key, example=units.TIMES_FORM)):
        try:
            span = units.times(text)
        except ValueError as error:
            inner.reading.error(inner.at(key).inside(index), str(error))
            continue
        if any(
            span[0] < end and start < _end(span) for start, end in ((low, _end((low, high))) for low, high in found)
        ):
            inner.reading.error(inner.at(key).inside(index), f"{quoted_text(text)} overlaps the hours before it")
        found.append(span)
    return tuple(sorted(found))


def _end(span: tuple[int, int]) -> int:
    """The end of a span in minutes; over 24 hours when the span crosses midnight."""
    return span[1] if span[1] > span[0] else span[1] + 24 * 60


def _holidays(table: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    codes, dates = [], []
    for index, value in enumerate(table.texts("holidays", example='["US", "2026-12-24"]')):
        spot = table.at("holidays").inside(index)
        if _DATE.fullmatch(value):
            _check_date(table, value, spot)
            dates.append(value)
        elif not _HOLIDAY_CODE.fullmatch(value):
            table.reading.error(
                spot,
                f'{quoted_text(value)} is not a holiday: write a code such as "US" or "DE-BY", or a date "2026-12-24"',
            )
        else:
            if table.reading.thorough and not _known_holidays(value):
                table.reading.error(
                    spot, f'no holidays are known for {quoted_text(value)}: write a code such as "US" or "DE-BY"'
                )
            codes.append(value)
    return tuple(codes), tuple(dates)


def _check_date(table: Table, value: str, spot: Spot) -> None:
    try:
        date.fromisoformat(value)
    except ValueError:
        table.reading.error(spot, f"{quoted_text(value)} is not a valid date")


def _known_holidays(code: str) -> bool:
    # late: the calendar library takes long to load, and is needed only for a holiday code
    from mailgate.rules.sla.calendar import known_holiday_code

    return known_holiday_code(code)


def _escalation(table: Table) -> tuple[Step, ...]:
    """The escalation steps, earliest first."""
    value = table.raw("escalate")
    if value is None:
        return DEFAULT_SLA.escalate
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        table.error("escalate", 'must be a list of tables: write escalate = [ { at = "100%", alert = ["assignee"] } ]')
        return DEFAULT_SLA.escalate
    if value and not table.data.get("resolve"):
        table.error("escalate", 'needs a resolve time, which this plan does not have: write resolve = "4h"')
    spot = table.at("escalate")
    steps = [_step(Table(item, spot.item(index), table.reading)) for index, item in enumerate(value)]
    for index, step in enumerate(steps):
        if step.at and step.at in {earlier.at for earlier in steps[:index]}:
            table.reading.error(spot.item(index), f"{step.label} appears twice: merge the two steps")
    return tuple(sorted(steps, key=lambda step: step.at))


def _step(table: Table) -> Step:
    if "at" not in table:
        table.error("", 'at is missing: write at = "100%"')
    at = table.value("at", units.share, 0.0, '"100%"')
    then = table.table("then")
    step = Step(at=at, alert=recipients(table, "alert"), then=read_routing(then) if then else Routing())
    if then:
        then.done()
    elif not step.alert:
        table.error("", 'does nothing: write alert = ["assignee"] or then = { priority = "High" }')
    table.done()
    return step
