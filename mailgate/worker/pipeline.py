"""The hinge: one stored mail through every stage, in order.

    parse ▸ classify ▸ trust ▸ thread ▸ route ▸ decide ▸ announce      (think)
    render ▸ compose ▸ write                                            (apply)

`think` reads the store and writes nothing; `explain` is `think` without the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailgate.desk.agent.reports import as_seen
from mailgate.desk.decide import decide, dropped, set_aside
from mailgate.desk.gather.mail import gather
from mailgate.desk.notify.announce import complete
from mailgate.desk.outcome import Context, Outcome, ReportOrder
from mailgate.desk.prepare import Prepared
from mailgate.desk.report import read_figures
from mailgate.desk.situation import Situation
from mailgate.reasons import Reason
from mailgate.rules.threading import trust
from mailgate.store.db import Db


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found out about a mail and what becomes of it."""

    prepared: Prepared
    situation: Situation | None
    outcome: Outcome


def think(db: Db, prepared: Prepared, context: Context) -> Verdict:
    """Decide what becomes of a mail, as far as its reports are counted (`Outcome.uncounted`).

    Reads the store; writes nothing.
    """
    mail = prepared.received.mail
    if any(defect.startswith("unreadable") for defect in mail.defects):
        why = "; ".join(mail.defects)
        return Verdict(prepared=prepared, situation=None, outcome=set_aside(Reason.UNREADABLE, why))
    situation = gather(db, prepared, context)
    if situation.duplicate_of is not None:
        why = f"the same mail came before, as inbox {situation.duplicate_of}"
        return Verdict(prepared=prepared, situation=situation, outcome=dropped(Reason.DUPLICATE, why))
    outcome = _burning(decide(situation, context), situation, context)
    outcome = replace(outcome, highest_number=situation.highest_number)
    if situation.shows(context.keyring):
        outcome = replace(outcome, proven=prepared.received.mail.author.email)
    outcome = complete(db, outcome, context, alive=mail.author.email, quiet=prepared.received.quiet)
    return Verdict(prepared=prepared, situation=situation, outcome=outcome)


def count_reports(db: Db, missing: Sequence[ReportOrder], context: Context) -> Context:
    """The context with reports that `think` found missing. It takes long: only where nobody waits for the database."""
    config, now = context.config, context.now
    counted = {
        each.span: as_seen(read_figures(db, config, now - each.span, now), each.agent, config) for each in missing
    }
    return replace(context, reports=counted)


def _burning(outcome: Outcome, situation: Situation, context: Context) -> Outcome:
    burnt = trust.keys_to_burn(situation.received.mail, situation.refs, context.config, context.keyring)
    return replace(outcome, burnt=burnt) if burnt else outcome
