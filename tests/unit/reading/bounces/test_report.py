"""Delivery reports (RFC 3464) and feedback (RFC 5965)."""

import pytest

from mailgate.mail import Mail
from mailgate.reading.parse import parse


def status(groups: bytes) -> Mail:
    return parse(
        b"From: x@x.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"
        b"Content-Type: message/delivery-status\n\n" + groups + b"\n--b--\n"
    )


def test_enclosed_reports_of_a_server_between_are_read() -> None:
    inner = (
        b"Content-Type: multipart/report; boundary=c\n\n--c\n"
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns;x\n\n"
        b"Final-Recipient: rfc822; k@x.example\nAction: failed\nStatus: 5.1.1\n--c--\n"
    )
    raw = b"From: postmaster@x.example\nSubject: Failure\nContent-Type: multipart/mixed; boundary=b\n\n"
    raw += b"--b\nContent-Type: message/rfc822\n\n"
    mail = parse(raw + inner + b"\n--b--\n")
    assert mail.bounce is not None
    assert [r.email for r in mail.bounce.recipients] == ["k@x.example"]
    undelivered = raw.replace(b"Failure", b"Undeliverable")
    assert parse(undelivered + b"Subject: x\n\nhello\n--b--\n").bounce is not None  # its subject says so
    assert parse(raw.replace(b"Failure", b"Lunch") + b"Subject: x\n\nhello\n--b--\n").bounce is None


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        (b"Final-Recipient: rfc822;a@x.example\nStatus: 4.4.1", [("a@x.example", "delayed", "4.4.1")]),
        (b"Final-Recipient: rfc822;a@x.example\nStatus: 5.0.0", [("a@x.example", "failed", "5.0.0")]),
        (b"Final-Recipient: a@x.example\nAction: fail", [("a@x.example", "failed", "")]),
        (b"Original-Recipient: rfc822;a\nAction: failed", [("a", "failed", "")]),
        (b"Final-Recipient: x400; /c=US\nAction: failed", []),
        (
            b"Final-Recipient: rfc822;a@x.example\nAction: delayed\nFinal-Recipient: b@x.example\nAction: failed",
            [("b@x.example", "failed", "")],
        ),
        (
            b"Final-Recipient: rfc822;a@x.example\nAction: delayed\n\nFinal-Recipient: a@x.example\nAction: failed",
            [("a@x.example", "failed", "")],
        ),
        (
            b"Final-Recipient: rfc822;a@x.example\nAction: failed\n\nFinal-Recipient: a@x.example\nAction: delayed",
            [("a@x.example", "failed", "")],
        ),
        (
            b"Final-Recipient: rfc822;a@x.example\nAction: delivered\n\nFinal-Recipient: b@x.example\nAction: delayed",
            [("b@x.example", "delayed", "")],
        ),
        (b"Final-Recipient: rfc822;a@x.example\nAction: delivered", []),
        (b"Final-Recipient: rfc822;a@x.example\nAction: Relayed (to a server without receipts)", []),
        (b"Final-Recipient: rfc822;a@x.example\nAction: expanded", []),
    ],
)
def test_delivery_status_groups(groups: bytes, found: list[tuple[str, str, str]]) -> None:
    bounce = status(groups).bounce
    assert [(r.email, r.action, r.status) for r in (bounce.recipients if bounce else ())] == found


def test_feedback_without_a_recipient() -> None:
    raw = b"Content-Type: multipart/report; boundary=b\n\n--b\n"
    raw += b"Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
    bounce = parse(raw).bounce
    assert bounce is not None
    assert (bounce.kind, bounce.recipients) == ("feedback", ())
