"""Everything that can be done to a ticket: an act is a function, named after its command where it has one.

Each returns an `Act`: a ticket → the changed ticket and its events. `lifecycle.act_on` applies acts
and closes the change; permissions are `rules/people/permissions.py`, notices `rules/notices`.

    stamp.py     Act, Draft, Stamp; record (an event that changes no field)
    messages.py  reply, note, ask (#note NAME), publish (#send), receive_message, rate
    routing.py   assign, transfer, topic, sla, priority, due; routing_acts (`then` of rules and escalation steps)
    statuses.py  status, wake, set_status (both: #pending WHEN), escalate
    labels.py    subject, tag, untag, link
    people.py    cc, uncc, requester, copy_in (people that a mail brings)
    merging.py   merge and absorb (the two sides), unmerge and give_back (undo), split
    bans.py      spam, ban, unban

May import: what `rules/ticket` may, and of `rules/ticket` what does not import this folder.
"""

from mailgate.rules.ticket.acts.bans import ban, spam, unban
from mailgate.rules.ticket.acts.labels import link, subject, tag, untag
from mailgate.rules.ticket.acts.merging import absorb, give_back, merge, split, unmerge
from mailgate.rules.ticket.acts.messages import ask, note, publish, rate, receive_message, reply
from mailgate.rules.ticket.acts.people import cc, copy_in, requester, uncc
from mailgate.rules.ticket.acts.routing import assign, due, priority, routing_acts, sla, topic, transfer
from mailgate.rules.ticket.acts.stamp import Act, Draft, Stamp, record
from mailgate.rules.ticket.acts.statuses import escalate, set_status, status, wake

__all__ = [
    "Act",
    "Draft",
    "Stamp",
    "absorb",
    "ask",
    "assign",
    "ban",
    "cc",
    "copy_in",
    "due",
    "escalate",
    "give_back",
    "link",
    "merge",
    "note",
    "priority",
    "publish",
    "rate",
    "receive_message",
    "record",
    "reply",
    "requester",
    "routing_acts",
    "set_status",
    "sla",
    "spam",
    "split",
    "status",
    "subject",
    "tag",
    "topic",
    "transfer",
    "unban",
    "uncc",
    "unmerge",
    "untag",
    "wake",
]
