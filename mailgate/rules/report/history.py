"""A ticket's past in the terms of the report: events in, one `History` out.

Pure, for any period. Each event is recorded with the ticket's place at that moment
(department, team, agent, topic, priority), so that a transferred ticket counts for each
department only while it was there.

Its small values are named tuples: a report makes a million of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from mailgate.ticket import EventKind, Json, Status

SECOND = timedelta(seconds=1)
Teams = Mapping[str, Collection[str]]
# The kinds of events that a history is made of; the others need not be read.
TELLING = frozenset(
    {
        EventKind.OPENED,
        EventKind.STATUS_CHANGED,
        EventKind.DUE_CHANGED,
        EventKind.OVERDUE,
        EventKind.REPLIED,
        EventKind.PUBLISHED,
        EventKind.TRANSFERRED,
        EventKind.TOPIC_CHANGED,
        EventKind.PRIORITY_CHANGED,
        EventKind.SLA_CHANGED,
        EventKind.ASSIGNED,
        EventKind.RELEASED,
        EventKind.RATED,
        EventKind.MERGED,
        EventKind.SPLIT,
        EventKind.SPAM_MARKED,
    }
)


_STATUSES = {str(status): status for status in Status}
_WORKING = frozenset(status for status in Status if status.active)
# Places in `Place` of what an event of a kind changes.
_FIELDS = {
    EventKind.TRANSFERRED: 0,
    EventKind.TOPIC_CHANGED: 1,
    EventKind.PRIORITY_CHANGED: 2,
    EventKind.SLA_CHANGED: 3,
}
# Makes a named tuple of its fields in order, in a fifth of the time that a call of its class takes. Those that every
# ticket has several times are made so: with the other ways, a ticket takes a quarter less.
made = tuple.__new__


class Case(NamedTuple):
    """The fields of a ticket that the report reads beside its events."""

    number: int
    department: str
    topic: str
    priority: str
    sla: str
    created_at: datetime
    first_response_by: datetime | None = None
    overdue: bool = False


class Opening(NamedTuple):
    """The fields of an opening that the report reads, but for the due time; None where a ticket of old does not say."""

    department: str | None = None
    topic: str | None = None
    priority: str | None = None
    sla: str | None = None
    status: str | None = None
    assignee: Json = None


class PastEvent(NamedTuple):
    """The fields of an event that the report reads."""

    kind: EventKind
    agent: str  # who did it; "" for anybody else
    at: datetime
    after: Any = None  # JSON; of an opening, an `Opening`
    before: Json = None  # of an opening: when the ticket was due


_UNTOLD = Opening()


class Place(NamedTuple):
    """The place of a ticket at some moment; "" for no team and no agent."""

    department: str
    topic: str
    priority: str
    sla: str
    team: str = ""
    agent: str = ""


class Moment(NamedTuple):
    """Something happened."""

    at: datetime
    place: Place


class Reached(NamedTuple):
    """A target was reached: the first answer, or a resolution.

    `since` is the opening or the last reopening, from which the clock ran. `in_time` is
    None where there was no target.
    """

    at: datetime
    since: datetime
    place: Place
    in_time: bool | None


class Rated(NamedTuple):
    """The rating by the requester: "good", "okay" or "bad"."""

    at: datetime
    place: Place
    word: str


class Span(NamedTuple):
    """A stretch in which the ticket was open or pending, in one place; `end` None: it still is."""

    start: datetime
    end: datetime | None
    place: Place


class History(NamedTuple):
    """The history of one ticket for the report. Times are aware UTC, in order."""

    number: int
    opened: Moment
    answer: Reached | None
    resolutions: Sequence[Reached]  # each end of work: resolved, or closed straight away
    closed: Sequence[Moment]
    reopened: Sequence[Moment]
    set_aside: Sequence[Moment]  # merged into another ticket, or spam: ended, and no work
    spans: Sequence[Span]
    rated: Rated | None  # the latest rating
    overdue: bool  # now, and somebody still owes work

    @property
    def now(self) -> Place | None:
        """The department of the ticket while it is open or pending, None once it is done."""
        return self.spans[-1].place if self.spans and self.spans[-1].end is None else None


def history(case: Case, events: Sequence[PastEvent], teams: Teams | None = None) -> History:
    """The history of a ticket from its events, in the order in which they were stored.

    `teams` are the members of each team by agent key: a ticket that a team's member
    takes stays the team's. A resolution or closing is credited to the agent who has the
    ticket, else to its actor; the first answer to its author; a rating to the
    last resolution.
    """
    past = _opened(case, events[0] if events else None, teams or {})
    for event in events:
        if event.at > past.at:
            past.at = event.at
        if read := _READ.get(event.kind):
            read(past, event)
    return past.history()


def _opened(case: Case, first: PastEvent | None, teams: Teams) -> _Past:
    """The place in which the ticket was opened: of the `opened` event, else its present one."""
    start, due = _UNTOLD, None
    if first and isinstance(first.after, Opening):
        start, due = first.after, _time(first.before)
    at = min(case.created_at, first.at) if first else case.created_at
    place = Place(
        case.department if start.department is None else start.department,
        case.topic if start.topic is None else start.topic,
        case.priority if start.priority is None else start.priority,
        case.sla if start.sla is None else start.sla,
    )
    place = _assigned(place, start.assignee, teams)
    status = _STATUSES[start.status or "open"]
    return _Past(case, teams, Moment(at, place), place, status, due, at, at, at)


@dataclass(slots=True)
class _Past:
    """The state of one ticket while its events are read."""

    case: Case
    teams: Teams
    opened: Moment
    place: Place
    status: Status
    due: datetime | None
    at: datetime  # of the last event; a clock that was set back does not turn time round
    since: datetime
    span_start: datetime  # of its place, while it is open or pending
    missed: bool = False
    earlier: tuple[datetime, bool] | None = None  # `since` and `missed` before it was open again
    rated: Rated | None = None
    answer: Reached | None = None
    resolutions: list[Reached] = field(default_factory=list)
    closed: list[Moment] = field(default_factory=list)
    reopened: list[Moment] = field(default_factory=list)
    set_aside: list[Moment] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)  # that are over

    def history(self) -> History:
        """The history of the events that were read."""
        works = self.status in _WORKING
        if works:
            self.spans.append(Span(self.span_start, None, self.place))
        return History(
            number=self.case.number,
            opened=self.opened,
            answer=self.answer,
            resolutions=self.resolutions,
            closed=self.closed,
            reopened=self.reopened,
            set_aside=self.set_aside,
            spans=self.spans,
            rated=self.rated,
            overdue=self.case.overdue and works,
        )

    def read_turn(self, event: PastEvent) -> None:
        was, status = self.status, _STATUSES[str(event.after)]
        self.status = status
        works = status in _WORKING
        if works and was not in _WORKING:
            self.reopened.append(Moment(self.at, self.place))
            self.earlier = (self.since, self.missed)
            self.since, self.missed = self.at, False
            self.span_start = self.at
        elif not works and was in _WORKING:
            self._end_span()
            place = _credited(self.place, event.agent)
            self.resolutions.append(made(Reached, (self.at, self.since, place, self._in_time())))
        if status is Status.CLOSED and was is not Status.CLOSED:
            self.closed.append(made(Moment, (self.at, _credited(self.place, event.agent))))

    def read_merged(self, event: PastEvent) -> None:
        if _merged_into(event.after):
            self.read_set_aside(event)

    def read_split(self, event: PastEvent) -> None:
        if _merged_into(event.before):
            self._carry_on()

    def read_rated(self, event: PastEvent) -> None:
        self.rated = Rated(self.at, self._helped(), str(event.after))

    def read_overdue(self, _: PastEvent) -> None:
        self.missed = True

    def read_given(self, event: PastEvent) -> None:
        self._move(_assigned(self.place, event.after, self.teams))

    def read_placed(self, event: PastEvent) -> None:
        index = _FIELDS[event.kind]
        self._move(made(Place, (*self.place[:index], str(event.after), *self.place[index + 1 :])))

    def read_set_aside(self, _: PastEvent) -> None:
        """The ticket ended without work: it was spam, or was merged into another one."""
        if self.closed and self.closed[-1].at == self.at:
            self.closed.pop()
        if self.resolutions and self.resolutions[-1].at == self.at:
            last = self.resolutions.pop()
            self.set_aside.append(Moment(last.at, last.place))

    def _carry_on(self) -> None:
        """A merge is undone; the SLA clock continues as if it had never stopped."""
        if self.earlier and self.reopened[-1].at == self.at:
            self.since, self.missed = self.earlier

    def read_due(self, event: PastEvent) -> None:
        self.due = due = _time(event.after)
        if due is None or due > self.at:
            self.missed = False
        # When a ticket ends its due time is computed anew, and that event follows.
        if self.status not in _WORKING and self.resolutions and self.resolutions[-1].at == self.at:
            self.resolutions[-1] = self.resolutions[-1]._replace(in_time=self._in_time())

    def _in_time(self) -> bool | None:
        """None without a target. Due times in events are whole seconds."""
        return None if self.due is None else not self.missed and self.at < self.due + SECOND

    def read_answered(self, event: PastEvent) -> None:
        if not self.answer:
            target = self.case.first_response_by
            place = _with_agent(self.place, event.agent or self.place.agent)
            in_time = None if target is None else self.at <= target
            self.answer = made(Reached, (self.at, self.opened.at, place, in_time))

    def _helped(self) -> Place:
        """Where the help came from: the last resolution, whoever has the ticket by now."""
        return self.resolutions[-1].place if self.resolutions else self.place

    def _move(self, place: Place) -> None:
        if place is self.place:
            return
        if self.status in _WORKING:
            self._end_span()
            self.span_start = self.at
        self.place = place

    def _end_span(self) -> None:
        if self.span_start < self.at:
            self.spans.append(made(Span, (self.span_start, self.at, self.place)))


# How each kind of event is read.
_READ: Mapping[EventKind, Callable[[_Past, PastEvent], None]] = {
    EventKind.STATUS_CHANGED: _Past.read_turn,
    EventKind.DUE_CHANGED: _Past.read_due,
    EventKind.SPAM_MARKED: _Past.read_set_aside,
    EventKind.MERGED: _Past.read_merged,
    EventKind.SPLIT: _Past.read_split,
    EventKind.RATED: _Past.read_rated,
    EventKind.OVERDUE: _Past.read_overdue,
    EventKind.REPLIED: _Past.read_answered,
    EventKind.PUBLISHED: _Past.read_answered,
    EventKind.ASSIGNED: _Past.read_given,
    EventKind.RELEASED: _Past.read_given,
    **dict.fromkeys(_FIELDS, _Past.read_placed),
}


def _assigned(place: Place, assignee: Json, teams: Teams) -> Place:
    """`place` with an assignee in its JSON form; a member who takes a team's ticket keeps it the team's."""
    who = assignee if isinstance(assignee, dict) else {}
    agent = str(who.get("agent", ""))
    kept = place.team if agent and agent in teams.get(place.team, ()) else ""
    team = str(who.get("team", kept))
    if agent == place.agent and team == place.team:
        return place
    return made(Place, (*place[:4], team, agent))


def _with_agent(place: Place, agent: str) -> Place:
    if agent == place.agent:
        return place
    return made(Place, (*place[:5], agent))


def _merged_into(value: Json) -> bool:
    """True on the side that went into another ticket; the other side has its own `merged` and `split`."""
    return isinstance(value, dict) and bool(value.get("merged_into"))


def _credited(place: Place, agent: str) -> Place:
    return place if place.agent else _with_agent(place, agent)


def _time(value: Json) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
