"""Reasons of events as sentences: what a person gave as it is, what the desk gave by itself as a phrase.

An event stores its reason as English text (the JSON field `reason`). The texts that the desk
writes are known here, so that an alert can say them in its reader's language.
"""

from __future__ import annotations

import re

from mailgate.phrase import Phrase, Sentence, phrase
from mailgate.rules.ticket import reasons
from mailgate.settings import Config
from mailgate.ticket import CLOCK, Event, EventKind

_BY_CLOCK = {reasons.CLOSED: "reason.closed", reasons.TIME_HAS_COME: "reason.time"}
_BACK = {reasons.BACK_TO_RESOLVER: "reason.back_resolved", reasons.BACK_TO_CLOSER: "reason.back_closed"}
_MERGED = re.compile(r"ticket (\d+), which was (open|pending), was merged into it")
_HANDED_OUT = re.compile(r"handed out by (the team )?(.+)")
_NOT_IN = re.compile(reasons.not_in("(.+)"))
_NOT_THERE = re.compile(reasons.not_there("(.+)"))
_INHERITED = re.compile(r"from (address|topic|department|defaults):?(.*)")


def reason_of(event: Event, config: Config) -> Sentence:
    """The reason of an event; "" without one."""
    reason = event.reason
    match event.kind:
        case EventKind.ASSIGNED if reason in _BACK:
            return Phrase(_BACK[reason])
        case EventKind.ASSIGNED if found := _HANDED_OUT.fullmatch(reason):
            return phrase("reason.handed_out_team" if found[1] else "reason.handed_out", name=found[2])
        case EventKind.RELEASED if found := _NOT_IN.fullmatch(reason):
            return phrase("reason.not_in", department=found[1]) if found[1] in config.departments else reason
        case EventKind.RELEASED if not event.by.is_staff and (found := _NOT_THERE.fullmatch(reason)):
            return phrase("reason.not_there", name=found[1])
        case EventKind.STATUS_CHANGED if found := _MERGED.fullmatch(reason):
            return phrase("reason.merged", number=found[1], status=Phrase(f"state.{found[2]}"))
        case EventKind.SLA_CHANGED if found := _INHERITED.fullmatch(reason):
            return Phrase(f"reason.from_{found[1]}", (("name", found[2]),) if found[2] else ())
        case EventKind.STATUS_CHANGED if event.by == CLOCK and reason in _BY_CLOCK:
            return Phrase(_BY_CLOCK[reason])
    return reason
