"""Reasons that the desk gives its own events: English text, as it is stored and stands in JSON.

An alert says them in its reader's language (`rules/notices/reasons.py`).
"""

from __future__ import annotations

ANSWERED = "answered"
ANSWERED_FIRST = "answered first"
BACK_TO_CLOSER = "back to who closed it"
BACK_TO_RESOLVER = "back to who resolved it"
CLOSED = "resolved long enough"
REOPENED = "reopened by an answer"
TIME_HAS_COME = "the time set has come"
WAITING = "waiting for the requester"


def not_in(department: str) -> str:
    """Why a ticket is released: its agent or team is not of the department that it was moved to."""
    return f"not in {department}"


def not_there(name: str) -> str:
    """Why a reopened ticket is released: its agent is away, was removed or does not see it."""
    return f"{name} is not there"


def merged_open(number: int, status: str) -> str:
    """Why a ticket is open again: one that was open or pending was merged into it."""
    return f"ticket {number}, which was {status}, was merged into it"


def inherited(origin: str) -> str:
    """Why a ticket has another SLA plan after a move: where it was inherited from, as in `Ticket.sla_from`."""
    return f"from {origin}"
