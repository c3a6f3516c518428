"""A ticket's past in the terms of the report: events in, one `History` out.

A pure reading of events; it counts nothing and knows no period. What happened is told
with the place it happened in (department, team, agent, topic, priority of that moment),
so that a transferred ticket burdens each department only for its own time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from mailgate.model import Event, EventKind, Json, Status, Ticket

Teams = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a ticket lay at some moment; "" for no team and no agent."""

    department: str
    topic: str
    priority: str
    sla: str
    team: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something happened."""

    at: datetime
    place: Place


@dataclass(frozen=True, slots=True)
class Reached:
    """A target was reached: the first answer, or a resolution.

    `since` is the opening or the last reopening, from which the clock ran. `in_time` is
    None where there was no target.
    """

    at: datetime
    since: datetime
    place: Place
    in_time: bool | None


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch in which the ticket was open or pending, in one place; `end` None: it still is."""

    start: datetime
    end: datetime | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the report wants to know of one ticket. Times are aware UTC, in order."""

    number: int
    opened: Moment
    answer: Reached | None = None
    resolutions: tuple[Reached, ...] = ()  # each end of work: resolved, or closed straight away
    closed: tuple[Moment, ...] = ()
    reopened: tuple[Moment, ...] = ()
    spans: tuple[Span, ...] = ()
    overdue: bool = False  # now, and somebody still owes work

    @property
    def now(self) -> Place | None:
        """Where the ticket lies while it is open or pending, None once it is done."""
        return self.spans[-1].place if self.spans and self.spans[-1].end is None else None


def history(ticket: Ticket, events: Sequence[Event], teams: Teams | None = None) -> History:
    """The history of `ticket` from its `events`, in the order in which they were stored.

    `teams` are the members of each team by agent key: a ticket that a team's member
    takes stays the team's. A resolution or closing is credited to the agent who has the
    ticket, else to the one who did it; the first answer to who gave it.
    """
    past = _Past(ticket, events[0] if events else None, teams or {})
    for event in events:
        past.take(event)
    return past.told()


@dataclass(slots=True)
class _Past:
    """The state of one ticket while its events are read."""

    ticket: Ticket
    first: Event | None
    teams: Teams
    place: Place = field(init=False)
    status: Status = field(init=False)
    due: datetime | None = field(init=False)
    opened: Moment = field(init=False)
    at: datetime = field(init=False)  # of the last event; a clock that was set back does not turn time round
    since: datetime = field(init=False)
    missed: bool = False
    answer: Reached | None = None
    resolutions: list[Reached] = field(default_factory=list)
    closed: list[Moment] = field(default_factory=list)
    reopened: list[Moment] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def __post_init__(self) -> None:
        told = self.first.after if self.first and self.first.kind is EventKind.OPENED else None
        start = told if isinstance(told, dict) else {}
        ticket = self.ticket
        self.place = self._assigned(
            Place(
                department=str(start.get("department", ticket.department)),
                topic=str(start.get("topic", ticket.topic)),
                priority=str(start.get("priority", ticket.priority)),
                sla=str(start.get("sla", ticket.sla)),
            ),
            start.get("assignee"),
        )
        self.status = Status(str(start.get("status", Status.OPEN)))
        self.due = _time(start.get("due_at"))
        self.at = self.since = min(ticket.created_at, self.first.at) if self.first else ticket.created_at
        self.opened = Moment(self.at, self.place)
        if self.status.active:
            self.spans.append(Span(self.at, None, self.place))

    def take(self, event: Event) -> None:
        """Read one event."""
        self.at = max(self.at, event.at)
        after = event.after
        match event.kind:
            case EventKind.STATUS_CHANGED:
                self._turn(Status(str(after)), event.by)
            case EventKind.DUE_CHANGED:
                self._due(_time(after))
            case EventKind.OVERDUE:
                self.missed = True
            case EventKind.REPLIED if not self.answer:
                self._answered(event.by)
            case EventKind.TRANSFERRED:
                self._move(replace(self.place, department=str(after)))
            case EventKind.TOPIC_CHANGED:
                self._move(replace(self.place, topic=str(after)))
            case EventKind.PRIORITY_CHANGED:
                self._move(replace(self.place, priority=str(after)))
            case EventKind.SLA_CHANGED:
                self._move(replace(self.place, sla=str(after)))
            case EventKind.ASSIGNED | EventKind.RELEASED:
                self._move(self._assigned(self.place, after))

    def told(self) -> History:
        """Everything that was read."""
        return History(
            number=self.ticket.number,
            opened=self.opened,
            answer=self.answer,
            resolutions=tuple(self.resolutions),
            closed=tuple(self.closed),
            reopened=tuple(self.reopened),
            spans=tuple(self.spans),
            overdue=self.ticket.overdue and self.status.active,
        )

    def _turn(self, status: Status, by: str) -> None:
        was, self.status = self.status, status
        if status.active and not was.active:
            self.reopened.append(Moment(self.at, self.place))
            self.since, self.missed = self.at, False
            self.spans.append(Span(self.at, None, self.place))
        elif was.active and not status.active:
            self._close_span()
            self.resolutions.append(Reached(self.at, self.since, _credited(self.place, by), self._in_time()))
        if status is Status.CLOSED and was is not Status.CLOSED:
            self.closed.append(Moment(self.at, _credited(self.place, by)))

    def _due(self, due: datetime | None) -> None:
        self.due = due
        if due is None or due > self.at:
            self.missed = False
        # The act that ends a ticket works its due time out anew and tells it afterwards.
        if not self.status.active and self.resolutions and self.resolutions[-1].at == self.at:
            self.resolutions[-1] = replace(self.resolutions[-1], in_time=self._in_time())

    def _in_time(self) -> bool | None:
        """None without a target. Events tell due times in whole seconds."""
        return None if self.due is None else not self.missed and self.at.replace(microsecond=0) <= self.due

    def _answered(self, by: str) -> None:
        target = self.ticket.first_response_by
        place = replace(self.place, agent=_agent(by) or self.place.agent)
        self.answer = Reached(self.at, self.opened.at, place, None if target is None else self.at <= target)

    def _move(self, place: Place) -> None:
        self.place = place
        if self.status.active:
            self._close_span()
            self.spans.append(Span(self.at, None, place))

    def _close_span(self) -> None:
        last = self.spans.pop()
        if last.start < self.at:
            self.spans.append(replace(last, end=self.at))

    def _assigned(self, place: Place, assignee: Json) -> Place:
        """`place` with an assignee in its JSON form; a member who takes a team's ticket keeps it the team's."""
        who = assignee if isinstance(assignee, dict) else {}
        agent = str(who.get("agent", ""))
        kept = place.team if agent and agent in self.teams.get(place.team, ()) else ""
        return replace(place, agent=agent, team=str(who.get("team", kept)))


def _credited(place: Place, by: str) -> Place:
    return replace(place, agent=place.agent or _agent(by))


def _agent(by: str) -> str:
    kind, _, key = by.partition(":")
    return key if kind == "agent" else ""


def _time(value: Json) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
