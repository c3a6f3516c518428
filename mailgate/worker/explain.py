"""A verdict as text and as JSON, for `explain` and the trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from mailgate.desk.opening.forwarded import original_of
from mailgate.desk.outcome import Outcome
from mailgate.desk.situation import Situation
from mailgate.mail import Bounce, Mail, Received
from mailgate.phrase import Sentence
from mailgate.reasons import Reason, Screen
from mailgate.rules.ticket.as_json import event_json
from mailgate.settings import Agent
from mailgate.ticket import Json
from mailgate.worker.pipeline import Verdict

Say = Callable[[Sentence], str]


def steps(verdict: Verdict, say: Say) -> list[str]:
    """The steps of the mail as lines of the trace, `step: text`."""
    return list(_steps(verdict, say))


def _steps(verdict: Verdict, say: Say) -> Iterator[str]:
    situation, outcome = verdict.situation, verdict.outcome
    if situation:
        screened = situation.screened
        yield f"screened: {screened.kind} ({', '.join(screened.reasons)})"
        sender = situation.sender
        if sender.agent:
            yield f"sender: {sender.agent}, {sender.assurance or 'unproven'}: {sender.why}"
        if situation.match.number:
            yield f"thread: ticket {situation.match.number} by {situation.match.why} as {situation.match.role}"
    for result in outcome.routed.matched if outcome.routed else ():
        yield f"rule: {result.name} ({result.because})"
    yield from _ends(outcome, say)


def _ends(outcome: Outcome, say: Say) -> Iterator[str]:
    if outcome.ticket:
        opened = any(change.before is None for change in outcome.changes)
        yield f"ticket: {outcome.ticket}{' opened' if opened else ''}"
    for problem in outcome.problems:
        yield f"refused: {say(problem)}"
    if outcome.state != "done":
        yield f"{outcome.state}: {outcome.reason or ''} {outcome.why}".rstrip()
    for notice in outcome.notices:
        yield f"notice: {notice.kind} to {notice.to.email}"
    if outcome.confirms:
        inbox_id, released = outcome.confirms
        yield f"confirmed: inbox {inbox_id}"
        yield from _ends(released, say)


def document(
    verdict: Verdict, file: str, subject_of: dict[int, str], agents: Mapping[str, Agent], say: Say
) -> dict[str, Json]:
    """The JSON document of one mail.

    `subject_of` gives each notice's finished subject by its position, `agents` each agent by key; `say` writes
    problems in English.
    """
    situation, outcome = verdict.situation, verdict.outcome.combined
    received = verdict.prepared.received
    return {
        "file": file,
        "mail": _mail(received),
        "screen": _screen(situation),
        "bounce": _bounce(received.mail, outcome),
        "forwarded": _forwarded(situation),
        "sender": _sender(situation, agents),
        "ticket": _ticket(situation, outcome),
        "rules": [
            {"name": result.name, "matched": result.matched, "because": result.because}
            for result in (outcome.routed.results if outcome.routed else ())
        ],
        "fields": _fields(outcome),
        "commands": [
            {"verb": each.verb, "value": each.value, "reason": each.reason, "line": each.line}
            for each in outcome.commands
        ],
        "changes": [event_json(event) for change in outcome.changes for event in change.events],
        "notices": [
            {"kind": notice.kind.value, "to": notice.to.email, "subject": subject_of.get(position, "")}
            for position, notice in enumerate(outcome.notices)
        ],
        "error": _error(outcome, say),
    }


def unread(file: str, why: str) -> dict[str, Json]:
    """The same document for a file that could not be read."""
    empty: dict[str, Json] = dict.fromkeys(("mail", "screen", "bounce", "forwarded", "sender", "ticket"))
    empty |= {"rules": [], "fields": {}, "commands": [], "changes": [], "notices": []}
    return {"file": file, **empty, "error": why}


def _mail(received: Received) -> Json:
    mail, body = received.mail, received.body
    return {
        "message_id": mail.message_id,
        "from": {"name": mail.author.name, "email": mail.author.email},
        "to": [address.email for address in mail.to],
        "cc": [address.email for address in mail.cc],
        "subject": mail.subject,
        "text": body.visible,
        "cut": body.cut,
        "attachments": [{"name": a.name, "type": a.type, "size": sum(map(len, a.pieces()))} for a in mail.attachments],
    }


def _screen(situation: Situation | None) -> Json:
    if situation is None:
        return {"kind": Screen.HUMAN.value, "reasons": [Reason.UNREADABLE.value]}
    return {"kind": situation.screened.kind.value, "reasons": [reason.value for reason in situation.screened.reasons]}


def _bounce(mail: Mail, outcome: Outcome) -> Json:
    bounce: Bounce | None = mail.bounce
    if bounce is None:
        return None
    return {"kind": bounce.kind, "recipients": [each.email for each in bounce.recipients], "ticket": outcome.ticket}


def _forwarded(situation: Situation | None) -> Json:
    original = original_of(situation) if situation else None
    if original is None:
        return None
    return {"from": {"name": original.sender.name, "email": original.sender.email}, "subject": original.subject}


def _sender(situation: Situation | None, agents: Mapping[str, Agent]) -> Json:
    """The author; an agent by the configured name, not that in From."""
    if situation is None:
        return {"kind": "stranger", "name": "", "assurance": "none"}
    sender, role = situation.sender, situation.match.role
    kind = role if role in ("requester", "collaborator") else "stranger"
    name = situation.received.mail.author.name or sender.address
    if sender.agent:
        kind, name = "agent", agents[sender.agent].name
    return {"kind": kind, "name": name, "assurance": sender.assurance or "none"}


def _ticket(situation: Situation | None, outcome: Outcome) -> Json:
    number = outcome.ticket
    if number is None:
        return None
    why = outcome.reason or (situation.match.why if situation else "")
    if any(change.before is None for change in outcome.changes):
        return {"number": number, "why": f"new ticket: {why}"}
    return {"number": number, "why": str(why)}


def _fields(outcome: Outcome) -> Json:
    routed = outcome.routed
    if routed is None:
        return {}
    return {
        name: {"value": list(chosen.value) if isinstance(chosen.value, tuple) else chosen.value, "from": chosen.origin}
        for name, chosen in routed.values.items()
    }


def _error(outcome: Outcome, say: Say) -> Json:
    if outcome.problems:
        return "; ".join(map(say, outcome.problems))
    if outcome.state in ("done", "held"):
        return None
    return f"{outcome.state}: {outcome.reason or ''}{': ' + outcome.why if outcome.why else ''}"


def words(found: dict[str, Json]) -> str:
    """A document of `document` as text for people."""
    mail, screen, sender = _dict(found["mail"]), _dict(found["screen"]), _dict(found["sender"])
    author = _dict(mail["from"])
    lines = [
        f"{found['file']}",
        f"  mail      {mail['message_id'] or '(no Message-ID)'} from {author['name']} <{author['email']}>",
        f"  subject   {mail['subject']}",
        f"  screened  {screen['kind']}: {', '.join(map(str, _list(screen['reasons'])))}",
        f"  sender    {sender['kind']} {sender['name']} (assurance: {sender['assurance']})",
    ]
    if found["ticket"]:
        ticket = _dict(found["ticket"])
        lines.append(f"  ticket    {ticket['number']}: {ticket['why']}")
    lines += [
        f"  rule      {'+' if rule['matched'] else '-'} {rule['name']}: {rule['because']}"
        for rule in map(_dict, _list(found["rules"]))
    ]
    for name, field in _dict(found["fields"]).items():
        lines.append(f"  field     {name} = {_dict(field)['value']}  ({_dict(field)['from']})")
    lines += [f"  command   {_dict(each)['line']}" for each in _list(found["commands"])]
    lines += [f"  change    {_dict(each)['kind']} by {_dict(each)['by']}" for each in _list(found["changes"])]
    lines += [
        f"  notice    {_dict(each)['kind']} to {_dict(each)['to']}: {_dict(each)['subject']}"
        for each in _list(found["notices"])
    ]
    if found["error"]:
        lines.append(f"  end       {found['error']}")
    return "\n".join(lines)


def _dict(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
