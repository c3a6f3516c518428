"""What each mail command does, stated once for all tests. A verb without an example here fails, and vice versa."""

from __future__ import annotations

from typing import NamedTuple

from mailgate.rules.commands.syntax import NAMES
from mailgate.rules.commands.verbs import VERBS
from mailgate.ticket import EventKind


class Example(NamedTuple):
    """A use of a verb, and its outcome."""

    ends: str  # "done", "answered", "reply", "report", "nothing" (it waits for a text), "opens",
    # "code" (it takes one that is not guessed), "over" (so it does, but alone that is answered, not returned)
    permission: str = ""
    value: str = ""  # one that it takes at the desk of `tests.desk`
    leaves: EventKind | None = None  # the event on the ticket, if that changes
    says: str = ""  # what the agent is answered, a regular expression for the start of a line


EXAMPLES = {
    "note": Example("nothing", "note"),
    "reply": Example("nothing", "reply"),
    "send": Example("code", "reply", "abcdefgh"),
    "assign": Example("done", "assign", "vera", EventKind.ASSIGNED, says="Assigned to|Released"),
    "transfer": Example("done", "transfer", "maintenance", EventKind.TRANSFERRED, says="Moved to Maintenance"),
    "topic": Example("done", "topic", "general", EventKind.TOPIC_CHANGED, says="Help topic: "),
    "sla": Example("done", "sla", "sev-b", EventKind.SLA_CHANGED, says="SLA plan: "),
    "priority": Example("done", "priority", "low", EventKind.PRIORITY_CHANGED, says="Priority: "),
    "due": Example("done", "due", "2h", EventKind.DUE_CHANGED, says="Due "),
    "status": Example(
        "done", "status", "pending", EventKind.STATUS_CHANGED, says="Open|Pending|Resolved|Closed"
    ),  # to closed it takes `close`
    "subject": Example("done", "topic", "Slow portal", EventKind.SUBJECT_CHANGED, says="Subject: "),
    "tag": Example("done", "topic", "portal", EventKind.TAGGED, says="Tagged"),
    "untag": Example("done", "topic", "portal", EventKind.TAGGED, says="No longer tagged"),
    "cc": Example("done", "cc", "chief@client.example", EventKind.CC_CHANGED, says="Collaborators: "),
    "uncc": Example("done", "cc", "chief@client.example", EventKind.CC_CHANGED, says="No longer coll|Not on"),
    "requester": Example("done", "requester", "lee@client.example", EventKind.REQUESTER_CHANGED, says="Requester: "),
    "canned": Example("reply", "reply", "hello", EventKind.REPLIED),
    "new": Example("opens", says="Ticket"),  # one's own, as anybody may by writing to the desk
    "link": Example("done", "merge", "1002", EventKind.LINKED, says="Linked with"),
    "merge": Example("done", "merge", "1002", EventKind.MERGED, says="#100\\d was merged"),
    "split": Example("done", "merge", "", EventKind.SPLIT, says="Karen Client’s message is now|#100\\d is out of"),
    "spam": Example("done", "spam", "", EventKind.SPAM_MARKED, says="Closed as spam"),
    "ban": Example("done", "spam", "@spam.example", EventKind.BANNED, says="@spam.example"),
    "unban": Example("done", "spam", "@spam.example", EventKind.UNBANNED, says="@spam.example"),
    "away": Example("done", says="You are away"),
    "back": Example("done", says="You are (back|not away)"),
    "bans": Example("answered"),
    "show": Example("answered"),
    "list": Example("answered"),
    "search": Example("answered", "", "portal"),
    "help": Example("answered"),
    "report": Example("report"),
    "quiet": Example("nothing"),
    "ticket": Example("nothing", "", "1001"),
    "confirm": Example("over", "", "abcdefgh"),
}

assert EXAMPLES.keys() == VERBS.keys(), (
    f"without an example in tests/verbs.py, or not a verb: {EXAMPLES.keys() ^ VERBS.keys()}"
)


def permission(verb: str, value: str) -> str:
    """The permission that a verb takes with a value."""
    return "close" if (verb, value) == ("status", "closed") else EXAMPLES[verb].permission


def typed(name: str) -> str:
    """A command line with one of the verbs' names, and the value of the example where the name leaves room for it."""
    value = "" if NAMES[name].fixed else EXAMPLES[NAMES[name].verb.name].value
    return f"#{name} {value}".rstrip()
