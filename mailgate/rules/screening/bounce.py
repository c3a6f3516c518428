"""Is the mail a delivery or feedback report?

What the report says was read by `mailgate.reading.bounces.report`; whether it is trusted is
decided where it is matched with a mail of ours.
"""

from __future__ import annotations

from mailgate.reasons import Reason
from mailgate.rules.screening.incoming import Incoming


def signs(incoming: Incoming) -> tuple[Reason, ...]:
    """Return the reasons for which the mail is a bounce."""
    report = incoming.mail.bounce
    if report is None:
        return ()
    if report.kind == "feedback":
        return (Reason.FEEDBACK_REPORT,)
    # RFC 3464 2: the report proper; other formats were accepted for their sender and words.
    shape = Reason.DELIVERY_REPORT if incoming.mail.content_type == "multipart/report" else Reason.ROBOT_SENDER
    return (shape, Reason.NULL_SENDER_REPORT) if incoming.null_sender else (shape,)
