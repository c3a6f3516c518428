"""What a requester is told of a change: of a status, of a merge, of a merge undone; never a word of the desk's own."""

from __future__ import annotations

from mailgate.phrase import Phrase
from mailgate.rules.notices.sentences import merge_phrase, status_phrase
from mailgate.settings import Config
from mailgate.ticket import Change, Event, EventKind, Status

_STRUCTURAL = (EventKind.MERGED, EventKind.SPLIT)


def status_phrases(change: Change, config: Config) -> tuple[Phrase, ...]:
    """What a requester is told of a change of status, or nothing."""
    told = config.notices.status_changes
    if any(event.kind is EventKind.SPAM_MARKED for event in change.events):
        return ()
    structural = next((event for event in change.events if event.kind in _STRUCTURAL), None)
    if structural and change.before:
        return _merge_phrases(structural, change, config)
    for event in change.events:
        if event.kind is not EventKind.STATUS_CHANGED:
            continue
        reopened = event.after == Status.OPEN and event.before in (Status.RESOLVED, Status.CLOSED)
        if event.after in told or (reopened and "reopened" in told):
            return (status_phrase(event),)
    return ()


def _merge_phrases(event: Event, change: Change, config: Config) -> tuple[Phrase, ...]:
    """The requester of a ticket that was worked on hears where it went, and that it is back; nobody else does."""
    goes = change.after.merged_into and change.before and change.before.status.active
    comes = change.before and change.before.merged_into and not change.after.merged_into and change.after.status.active
    return (merge_phrase(event, config.desk.token),) if goes or comes else ()


def for_others(told: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
    """What collaborators are told of it: the number of the other ticket is the requester's to know."""
    return tuple(Phrase("told.merged") if phrase.name == "told.merged_with" else phrase for phrase in told)
