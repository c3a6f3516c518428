"""Did this desk write the mail itself? Then it has come round in a loop.

The signed Message-ID alone decides; a From address proves nothing.
"""

from __future__ import annotations

from mailgate.reasons import Reason
from mailgate.rules.screening.incoming import Incoming


def signs(incoming: Incoming) -> tuple[Reason, ...]:
    """Return the reasons for which the mail is this desk's own."""
    message_id = incoming.mail.message_id
    return (Reason.OWN_MESSAGE_ID,) if message_id and incoming.is_ours(message_id) else ()
