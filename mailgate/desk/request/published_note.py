"""`#send CODE`: a note of the agent's own becomes a public reply, as it stands.

The mail that tells an agent that a text became a note holds the code. It is derived from the note, so that nothing
is stored and no note can be published that was meant as one and had no such mail.
"""

from __future__ import annotations

from mailgate.desk.outcome import Context
from mailgate.desk.request.request import Request
from mailgate.errors import Refused
from mailgate.notice import NoticeKind
from mailgate.phrase import Phrase
from mailgate.rules.commands.orders import ResolvedCommands
from mailgate.rules.threading.keys import Keyring, key_text
from mailgate.ticket import Entry, EntryKind, Ticket


def send_code(entry: Entry, keyring: Keyring) -> str:
    """The code that publishes a note."""
    cause, day = f"send:{entry.inbox_id}:{entry.by}", entry.at.date()
    notice_id = keyring.notice_id(0, entry.author.email, NoticeKind.ANSWER, cause, day)
    return key_text(notice_id).rpartition(".")[2][:12]


def note_to_send(request: Request, resolved: ResolvedCommands, ticket: Ticket, context: Context) -> Entry | None:
    """The note that `#send` names; None without the command. Raises Refused.

    A note that was sent already is a reply by now.
    """
    order = resolved.of("send")
    if order is None:
        return None
    if request.own_text or request.own_files or resolved.has("note", "canned"):
        raise Refused(Phrase("refused.send_alone"))
    code = str(order.value).lower()
    own = (each for each in request.known.whole_thread(ticket.number) if request.agent is None or each.by == request.by)
    found = (each for each in own if each.by.is_agent and each.kind is not EntryKind.MESSAGE and each.inbox_id)
    note = next((each for each in found if send_code(each, context.keyring) == code), None)
    if note is None:
        raise Refused(Phrase("refused.send_unknown"))
    return note
