"""Golden mails: each `.eml` in tests/cases/inbound is read as its `.json` says."""

import json
from pathlib import Path

import pytest

from mailgate.mail import Body, Bounce, Envelope, Mail
from mailgate.reading.body import read_body
from mailgate.reading.parse import parse
from mailgate.rules.screening.classify import classify
from mailgate.ticket import Address

CASES = sorted((Path(__file__).parents[2] / "cases/inbound").glob("*.eml"))


def pairs(addresses: tuple[Address, ...]) -> list[list[str]]:
    return [[a.email, a.name] for a in addresses]


def bounce(found: Bounce | None) -> dict | None:
    if found is None:
        return None
    recipients = [[r.email, r.action, r.status, r.diagnostic] for r in found.recipients]
    return {"kind": found.kind, "recipients": recipients, "original_message_id": found.original_message_id}


def facts(mail: Mail, body: Body) -> dict:
    return {
        "message_id": mail.message_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "from": pairs(mail.from_),
        "to": pairs(mail.to),
        "cc": pairs(mail.cc),
        "reply_to": pairs(mail.reply_to),
        "subject": mail.subject,
        "date": mail.date and mail.date.isoformat(),
        "text": mail.text,
        "attachments": [[a.name, a.type] for a in mail.attachments],
        "auth": [[a.authserv_id, a.dmarc, a.position] for a in mail.auth],
        "defects": list(mail.defects),
        "bounce": bounce(mail.bounce),
        "bounce_recipients": [r.email for r in mail.bounce.recipients] if mail.bounce else [],
        "bounce_id": mail.bounce.original_message_id if mail.bounce else "",
        "visible": body.visible,
        "cut": body.cut,
        "lines": list(body.lines),
        "html": body.html,
        "forwarded": body.forwarded,
        "forward": body.forward,
    }


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    """What the case file promises holds; `_has` and `_lacks` look for parts."""
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    mail = parse(path.read_bytes())
    got = facts(mail, read_body(mail))
    ours = set(expected.pop("ours", ()))
    screened = classify(
        mail,
        Envelope(expected.pop("envelope_sender", None), ()),
        ours.__contains__,
        frozenset(expected.pop("desk", ())),
    )
    got["screen"], got["reasons"] = screened.kind.value, [reason.value for reason in screened.reasons]
    assert expected.pop("why")
    for key, value in expected.items():
        name, _, test = key.rpartition("_")
        if test == "has":
            assert [part for part in value if part not in got[name]] == [], key
        elif test in {"lacks", "lack"}:
            assert [part for part in value if part in got[name]] == [], key
        else:
            assert got[key] == value, key


def test_there_are_cases() -> None:
    assert len(CASES) > 50
