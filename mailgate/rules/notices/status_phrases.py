"""Phrases for requesters about a change: a status, a merge, a merge undone. They hold nothing internal."""

from __future__ import annotations

from mailgate.phrase import Phrase
from mailgate.rules.notices.sentences import merge_phrase, status_phrase
from mailgate.settings import Config
from mailgate.ticket import Change, Event, EventKind, Status

_STRUCTURAL = (EventKind.MERGED, EventKind.SPLIT)


def status_phrases(change: Change, config: Config) -> tuple[Phrase, ...]:
    """The phrase for a change of status or a merge that requesters get a notice of; () for any other change."""
    announced = config.notices.status_changes
    if any(event.kind is EventKind.SPAM_MARKED for event in change.events):
        return ()
    structural = next((event for event in change.events if event.kind in _STRUCTURAL), None)
    if structural and change.before:
        return _merge_phrases(structural, change, config)
    for event in change.events:
        if event.kind is not EventKind.STATUS_CHANGED:
            continue
        reopened = event.after == Status.OPEN and event.before in (Status.RESOLVED, Status.CLOSED)
        if event.after in announced or (reopened and "reopened" in announced):
            return (status_phrase(event),)
    return ()


def _merge_phrases(event: Event, change: Change, config: Config) -> tuple[Phrase, ...]:
    """For the requester of an open or pending ticket: where it went, or that it is separate again."""
    goes = change.after.merged_into and change.before and change.before.status.active
    comes = change.before and change.before.merged_into and not change.after.merged_into and change.after.status.active
    return (merge_phrase(event, config.desk.token),) if goes or comes else ()


def for_collaborators(phrases: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
    """The same without the number of the other ticket, which collaborators may not see."""
    return tuple(Phrase("told.merged") if phrase.name == "told.merged_with" else phrase for phrase in phrases)
