"""The steps of a mail up to its outcome: gather, decide, complete (see `mailgate.desk`).

`apply.py` renders the outcome's notices and writes it; `explain` only shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailgate.desk.agent.report_mails import report_for
from mailgate.desk.decide import decide, dropped, quarantined
from mailgate.desk.gather.mail import gather, with_whole_thread
from mailgate.desk.notify.announce import complete
from mailgate.desk.outcome import Context, Outcome, ReportOrder
from mailgate.desk.prepare import Prepared
from mailgate.desk.report import read_figures
from mailgate.desk.request.request import signing_of
from mailgate.desk.situation import Situation
from mailgate.reasons import Reason
from mailgate.rules.threading import trust
from mailgate.store.db import Db


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The situation and the outcome of a mail."""

    prepared: Prepared
    situation: Situation | None
    outcome: Outcome


def think(db: Db, prepared: Prepared, context: Context) -> Verdict:
    """Decide a mail. Reads the database, writes nothing.

    Where `Outcome.uncounted` is not empty, nothing is decided: call again with the context of `count_reports`.
    """
    mail = prepared.received.mail
    if any(defect.startswith("unreadable") for defect in mail.defects):
        why = "; ".join(mail.defects)
        return Verdict(prepared=prepared, situation=None, outcome=quarantined(Reason.UNREADABLE, why))
    situation = gather(db, prepared, context)
    if situation.duplicate_of is not None:
        why = f"the same mail came before, as inbox {situation.duplicate_of}"
        outcome = _with_burnt_keys(dropped(Reason.DUPLICATE, why), situation, prepared, context)
        return Verdict(prepared=prepared, situation=situation, outcome=outcome)
    outcome = decide(situation, context)
    if outcome.unread:
        situation = with_whole_thread(db, situation, context)
        outcome = decide(situation, context)
    outcome = replace(
        _with_burnt_keys(outcome, situation, prepared, context),
        highest_number=situation.highest_number,
        releases_spam=situation.released is not None,
        signing=signing_of(situation, context.config),
        standing=situation.standing,
        outdoes=situation.outdoes,
    )
    if situation.authors:
        outcome = replace(outcome, proven=prepared.received.mail.author.email)
    unproven = situation.standing != "proven"
    outcome = complete(db, outcome, context, alive=mail.author.email, quiet=prepared.received.quiet, unproven=unproven)
    return Verdict(prepared=prepared, situation=situation, outcome=outcome)


def count_reports(db: Db, missing: Sequence[ReportOrder], context: Context) -> Context:
    """The context with the reports that `think` needs. Takes seconds on a large desk: not for the writer thread."""
    config, now = context.config, context.now
    counted = {
        each.span: report_for(read_figures(db, config, now - each.span, now), each.agent, config) for each in missing
    }
    return replace(context, reports=counted)


def _with_burnt_keys(outcome: Outcome, situation: Situation, prepared: Prepared, context: Context) -> Outcome:
    mail = situation.received.mail
    burnt = trust.keys_to_burn(mail, prepared.keys, situation.refs, context.config, context.keyring)
    return replace(outcome, burnt=burnt) if burnt else outcome
