"""Holds an agent's text whose author writes into the copied mail, in a colour: these words would be lost.

Who wrote the copied mail chose its colours, too, and it may be an alert with internal text.
"""

from __future__ import annotations

from mailgate.desk.hold.held_reply import had_directly, hold
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.request import AgentMail
from mailgate.phrase import phrase
from mailgate.reasons import Reason
from mailgate.rules.text.cleanup import shortened
from mailgate.ticket import Ticket


def answers_within(request: AgentMail, ticket: Ticket, context: Context) -> Outcome | None:
    """The outcome of a text that would lack what its author wrote into the copied mail; None if it lacks nothing.

    It is returned with these words, so that they can be copied into the answer.
    """
    body = request.situation.received.body
    passed = request.released not in (None, Reason.LEAK)
    if passed or not body.answers or had_directly(request, ticket, context.config):
        return None
    why = (Reason.ANSWERS_WITHIN, "it answers within the copied mail")
    fact = phrase("held.answers_within", found=shortened(" ".join(body.answers.split())))
    return hold(request, ticket, why, (fact,), body.visible, context)
