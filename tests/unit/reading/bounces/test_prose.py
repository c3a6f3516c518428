"""Bounces that are no RFC 3464 report: each way in which mail servers write them, by shape."""

import pytest

from mailgate.mail import Bounce, Envelope, Mail
from mailgate.reading.bounces import prose
from mailgate.reading.parse import parse
from mailgate.reasons import Screen
from mailgate.rules.screening.classify import classify
from mailgate.ticket import Address

COPY = "\nReceived: from desk.example by mx.example; Mon, 2 Nov 2026 10:00:00 +0000\nFrom: support@bank.example\n"
COPY += "To: karen@client.example\nSubject: Your request\nMessage-ID: <n.1.x@bank.example>\n\nHello Karen\n"


def read(sender: str, subject: str, text: str, extra: str = "") -> tuple[Bounce | None, Screen]:
    head = f"From: {sender}\nTo: support@bank.example\nSubject: {subject}\n{extra}"
    mail = parse(f"{head}Content-Type: text/plain; charset=utf-8\n\n{text}".encode())
    return mail.bounce, classify(mail, Envelope(None, ()), lambda _: False, frozenset()).kind


SHAPES = {
    "address and code on one line": (
        "MAILER-DAEMON@mx.example",
        "failure notice",
        "I could not deliver your message.\n\n<karen@client.example>:\n192.0.2.1 said: 550 5.1.1 no such user\n",
        "failed",
        ["karen@client.example"],
    ),
    "indented address, reason below": (
        "Mail Delivery Subsystem <mailer-daemon@mx.example>",
        "Delivery Status Notification (Failure)",
        "Delivery to the following recipient failed permanently:\n\n     karen@client.example\n\nTechnical details:\n"
        "The server said 550 550 unknown user (state 14).\n\n----- Original message -----\n" + COPY,
        "failed",
        ["karen@client.example"],
    ),
    "a transcript opens with the received time": (
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
        "Returned mail: User unknown",
        (
            "\nThe original message was received at Mon, 2 Nov 2026 10:00:00 GMT\nfrom desk.example [192.0.2.7]\n\n"
            "   ----- The following addresses had permanent fatal errors -----\n<karen@client.example>\n\n"
            "   ----- Transcript of session follows -----\n... while talking to mx.client.example.:\n"
            ">>> RCPT To:<karen@client.example>\n<<< 550 5.1.1 user unknown\n"
        ),
        "failed",
        ["karen@client.example"],
    ),
    "a summary of the header stands above": (
        "postmaster@client.example",
        "Delivery Notification: Delivery has failed",
        (
            "This report relates to a message you sent with the following header fields:\n\n"
            "  Message-id: <n.1.x@bank.example>\n  From: Support <help@bank.example>\n"
            "  To: Karen <info@client.example>\n  Subject: Your request\n\n"
            "Your message cannot be delivered to the following recipients:\n\n"
            "  Recipient address: KAREN@store.client.example\n  Original address: karen@client.example\n"
            "  Reason: over quota\n"
        ),
        "failed",
        ["karen@client.example"],
    ),
    "recipients below a list of reasons": (
        "postmaster@client.example",
        'Undeliverable Mail: "Your request"',
        (
            "Your message:\n   From:    help@bank.example\n   Subject: Your request\n"
            "Could not be delivered because of\n\n"
            "550 5.1.1 User unknown\n\nThe following recipients were affected:\n    karen@client.example\n"
        ),
        "failed",
        ["karen@client.example"],
    ),
    "the gateway's administrator": (
        "System Administrator <sysadmin@client.example>",
        "Undeliverable: Your request",
        (
            "Your message\n\n  To:      karen@client.example\n  Subject: Your request\n\n"
            "did not reach the following recipient(s):\n\nkaren@client.example on Mon, 2 Nov 2026 10:00:00 +0000\n"
            "    The recipient name is not recognized\n"
        ),
        "failed",
        ["karen@client.example"],
    ),
    "the mail system by its own name": (
        "MicrosoftExchange329e71ec88ae4615@client.example",
        "Undeliverable: Your request",
        (
            "Diagnostic information for administrators:\nGenerating server: mx.client.example\n\nkaren@client.example\n"
            "#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n"
        ),
        "failed",
        ["karen@client.example"],
    ),
    "a name without its domain": (
        "Mail Delivery Subsystem <MAILER-DAEMON@client.example>",
        "Mail Delivery Problem",
        "Your mail to the following recipients could not be delivered because they take no mail from you:\n\tkaren\n",
        "failed",
        ["karen@client.example"],
    ),
    "names with reasons in brackets": (
        "Mailer-Daemon@client.example",
        "Message status - undeliverable",
        "The message that you sent was undeliverable to the following:\n\tkaren (user not found)\n\tleo (disabled)\n",
        "failed",
        ["karen@client.example", "leo@client.example"],
    ),
    "nobody named but in the returned header": (
        "postmaster@client.example",
        "Mail delivery failed",
        "This message could not be delivered.\n\n----- Original message -----\n" + COPY,
        "failed",
        ["karen@client.example"],
    ),
    "a session with commands": (
        "InterScan Messaging Security Suite <postmaster@client.example>",
        "Mail could not be delivered",
        (
            "Sent <<< RCPT TO:<karen@client.example>\nReceived >>> 550 5.1.1 <karen@client.example>... User unknown\n\n"
            "Unable to deliver message to <karen@client.example>.\n"
        ),
        "failed",
        ["karen@client.example"],
    ),
    "a delay": (
        "Mail Delivery System <MAILER-DAEMON@mx.example>",
        "Warning: message 1abc delayed 24 hours",
        (
            "A message that you sent has not yet been delivered to one or more of its recipients.\n\n"
            "The address to which the message has not yet been delivered is:\n\n  karen@client.example\n\n"
            "No action is required on your part.\n"
        ),
        "delayed",
        ["karen@client.example"],
    ),
    "German": (
        "postmaster@client.example",
        "Nicht zustellbar: Ihre Anfrage",
        "Ihre Nachricht konnte nicht zugestellt werden an:\n\n  karen@client.example\n",
        "failed",
        ["karen@client.example"],
    ),
    "French": (
        "MAILER-DAEMON@client.example",
        "Votre message",
        "Votre message n'a pas pu être remis.\n\n<karen@client.example>\nAdresse inconnue\n\n" + COPY,
        "failed",
        ["karen@client.example"],
    ),
    "Japanese": (
        "MAILER-DAEMON@client.example",
        "メールを配信できませんでした",
        "以下の宛先にメールを送信できませんでした。\n\n<karen@client.example>\n宛先が見つかりません\n",
        "failed",
        ["karen@client.example"],
    ),
    "Chinese": (
        "postmaster@client.example",
        "系统退信",
        "您的邮件无法投递到以下收件人:\nkaren@client.example\n原因: 用户不存在\n",
        "failed",
        ["karen@client.example"],
    ),
    "a mailing list's refusal": (
        "news-admin@list.example",
        "You support@bank.example are not member (news ML)",
        (
            "You are not a member of this mailing list <news@list.example>.\n\nTo get the guide, write to\n\n"
            "\tnews-ctl@list.example\n"
        ),
        "failed",
        ["news@list.example"],
    ),
}
EXTRA = {"a mailing list's refusal": "X-MLServer: fml [fml 4.0.3 release]\n"}


@pytest.mark.parametrize("name", SHAPES)
def test_shape(name: str) -> None:
    """The report is recognised, with its kind, and names who was not reached and nobody else."""
    sender, subject, text, kind, recipients = SHAPES[name]
    bounce, screen = read(sender, subject, text, EXTRA.get(name, ""))
    assert bounce is not None
    assert screen is Screen.BOUNCE
    assert (bounce.kind, [r.email for r in bounce.recipients]) == (kind, recipients)


@pytest.mark.parametrize(
    ("sender", "subject", "text", "extra"),
    [
        ("sysadmin@client.example", "Re: Undeliverable: our invoice", "It was rejected:\n550 no\nWhy?\n", ""),
        (
            "sysadmin@client.example",
            "Undeliverable mail again",
            "550 said their server, could not deliver to leo@x.example\n",
            "In-Reply-To: <n.1.x@bank.example>\n",
        ),
        ("ann@client.example", "Undeliverable mail", "Your mail could not be delivered to\n  leo@x.example\n", ""),
        ("ann@list.example", "You are not member?", "Am I not a member of <news@list.example>?\n", "X-MLServer: fml\n"),
        ("news-admin@list.example", "Guide", "Welcome to the list.\n", "X-MLServer: fml\n"),
        ("admin@client.example", "Warning: delayed backup", "550 seconds: host could not be reached\n", ""),
        ("Postmaster <postmaster@client.example>", "Lunch", "Where do we eat on Monday?\n", ""),
    ],
)
def test_people_who_write_about_bounces_are_people(sender: str, subject: str, text: str, extra: str) -> None:
    bounce, screen = read(sender, subject, text, extra)
    assert bounce is None
    assert screen is not Screen.BOUNCE


HEADER = (
    "Message-ID: <n.1.x@bank.example>\nFrom: support@bank.example\nTo: karen@client.example\nSubject: Your request\n"
)
RETURNED = f"\n--b\nContent-Type: text/rfc822-headers\n\n{HEADER}\n--b--\n"
UNKNOWN = "Ujumbe wako haukufika."  # a language of which no word is known


def told(text: str) -> Bounce | None:
    """The report in a mail that is text alone."""
    head = "From: mailer@odd.example\nTo: support@bank.example\nSubject: Tatizo\n\n"
    return parse((head + text).encode(), Envelope("", ("support@bank.example",))).bounce


def returned(
    text: str, sender: str = "Web <web@client.example>", subject: str = "Tatizo", envelope: str | None = ""
) -> Bounce | None:
    head = (
        f"From: {sender}\nTo: support@bank.example\nSubject: {subject}\nContent-Type: multipart/mixed; boundary=b\n\n"
    )
    raw = f"{head}--b\nContent-Type: text/plain; charset=utf-8\n\n{text}{RETURNED}"
    return parse(raw.encode(), Envelope(envelope, ("support@bank.example",))).bounce


@pytest.mark.parametrize(
    ("text", "recipients"),
    [
        (f"{UNKNOWN}\n<karen@client.example>: 550 5.1.1\n", ["karen@client.example"]),
        (f"{UNKNOWN}\n550 5.1.1 karen@client.example hayupo\n", ["karen@client.example"]),
        (f"{UNKNOWN}\n5.7.1\n", ["karen@client.example"]),
        (f"{UNKNOWN}\n550 5.1.1 leo@client.example au karen@client.example\n", ["leo@client.example"]),
        (f"{UNKNOWN} 5.2.2: leo@client.example, mia@client.example, karen@client.example\n", ["karen@client.example"]),
        (f"{UNKNOWN} 5.2.2: support@bank.example\n", ["karen@client.example"]),
    ],
)
def test_a_null_sender_a_returned_header_and_a_code_make_a_report_in_any_language(
    text: str, recipients: list[str]
) -> None:
    bounce = returned(text)
    assert bounce
    assert [each.email for each in bounce.recipients] == recipients
    assert bounce.original_message_id == "<n.1.x@bank.example>"


@pytest.mark.parametrize(
    "block",
    [
        HEADER,
        "From: support@bank.example\nTo: k@client.example\nSubject: Your\n request\nMessage-ID: <n.1.x@bank.example>\n",
        f"Received: from a by b; Mon, 30 Nov 2026 09:00:00 +0000\n{HEADER}",
        f"Return-Path: <support@bank.example>\n{HEADER}\nHello Karen\n",
    ],
)
def test_a_header_that_stands_in_the_text_is_that_of_the_returned_mail(block: str) -> None:
    bounce = told(f"{UNKNOWN}\n<karen@client.example>: 550 5.1.1\n\n{block}")
    assert bounce
    assert bounce.original_message_id == "<n.1.x@bank.example>"


@pytest.mark.parametrize(
    "block",
    [
        "Message-ID: <n.1.x@bank.example>\nSubject: x\n",
        "From: support@bank.example\nTo: karen@client.example\nSubject: x\n",
        f"Yours\n{HEADER}",
        f"{HEADER}and words\n",
        " folded\n" + HEADER,
    ],
)
def test_other_lines_with_colons_are_no_returned_header(block: str) -> None:
    bounce = told(f"{UNKNOWN}\n<karen@client.example>: 550 5.1.1\n\n{block}")
    assert not bounce or not bounce.original_message_id


@pytest.mark.parametrize("path", ["<>", "<MAILER-DAEMON>", "MAILER-DAEMON@mx.example", "<#@[]>", " < > "])
def test_a_null_sender_in_return_path_counts_where_the_envelope_is_not_known(path: str) -> None:
    sender = f"web@client.example\nReturn-Path: {path}"
    assert returned(f"{UNKNOWN}\n550 5.1.1 karen@client.example\n", sender=sender, envelope=None)
    assert not returned(f"{UNKNOWN}\n550 5.1.1 karen@client.example\n", sender=sender, envelope="web@client.example")


@pytest.mark.parametrize(
    ("text", "sender", "envelope"),
    [
        (f"{UNKNOWN}\n", "web@client.example", ""),
        (f"{UNKNOWN}\n550 5.1.1 karen@client.example\n", "web@client.example", "web@client.example"),
        ("I am away until 5.1.2027.\n", "karen@client.example\nAuto-Submitted: auto-replied", ""),
    ],
)
def test_less_makes_none(text: str, sender: str, envelope: str) -> None:
    assert returned(text, sender=sender, envelope=envelope) is None


def test_an_address_beside_a_code_will_do_where_no_header_is_returned() -> None:
    for text, reports in (
        (f"{UNKNOWN}\n\nkaren@client.example\n\n550 5.1.1\n", True),
        (f"{UNKNOWN}\n5.1.1 hapana\n", False),
        ("karen@client.example\n" + f"{UNKNOWN}\n" * 6 + "5.1.1\n", False),
    ):
        raw = f"From: Web <web@client.example>\nTo: support@bank.example\nSubject: Tatizo\n\n{text}".encode()
        assert bool(parse(raw, Envelope("", ())).bounce) is reports
        assert parse(raw, Envelope("web@client.example", ())).bounce is None


def test_what_a_daemon_writes_is_a_report_where_it_names_somebody() -> None:
    for sender, text, reports in (
        ("MAILER-DAEMON@client.example", f"{UNKNOWN}\n\nkaren@client.example\n", True),
        ("MAILER-DAEMON@client.example", f"{UNKNOWN}\n", False),
        ("postmaster@client.example", f"{UNKNOWN}\n\nkaren@client.example\n", False),
        ("postmaster@client.example", "550 It could not be delivered.\n\nkaren@client.example\n", True),
    ):
        bounce, _ = read(sender, "Tatizo", text)
        assert bool(bounce) is reports


def test_a_mailer_without_an_address_is_one() -> None:
    bounce, screen = read(
        "Postmaster <>", "Undeliverable mail", "It could not be delivered.\n\nkaren@client.example\n550 x\n"
    )
    assert bounce
    assert screen is Screen.BOUNCE


@pytest.mark.parametrize(
    "text",
    [
        "Your mail could not be delivered: 550 5.1.1\nIt went through a@x.example and b@x.example.\n",
        "Your mail could not be delivered: 550 5.1.1\n  To: leo@client.example, mia@client.example\n",
    ],
)
def test_of_several_that_are_only_mentioned_nobody_is_named(text: str) -> None:
    bounce, _ = read("MAILER-DAEMON@client.example", "failure notice", text)
    assert bounce
    assert bounce.recipients == ()


STATUS = "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; karen@client.example\nAction: failed"
PARTS = f"--r\n\nNo.\n--r\nContent-Type: message/delivery-status\n\n{STATUS}\n--r--\n"
REPORT = f"Content-Type: multipart/report; report-type=delivery-status; boundary=r\n\n{PARTS}"


@pytest.mark.parametrize(
    "content",
    [
        f"Content-Type: multipart/mixed; boundary=b\n\n--b\n{REPORT}\n--b\n\nA footer.\n--b--\n",
        f"Subject: Undeliverable: x\nContent-Type: multipart/mixed; boundary=r\n\n{PARTS}",
    ],
    ids=["a footer beside it", "no report by its type"],
)
def test_a_report_is_known_by_its_parts(content: str) -> None:
    bounce = parse(f"From: x@mx.example\n{content}".encode()).bounce
    assert bounce
    assert [each.email for each in bounce.recipients] == ["karen@client.example"]


def robot(subject: str, text: str, extra: str = "") -> Mail:
    return parse(f"From: MAILER-DAEMON@mx.example\nTo: us@bank.example\nSubject: {subject}\n{extra}\n{text}".encode())


def test_free_text_bounces() -> None:
    said = robot("Hello", "550 no such user <k@x.example>\n")
    assert said.bounce is not None
    assert [r.email for r in said.bounce.recipients] == ["k@x.example"]
    assert robot("Hello", "Lunch is ready\n").bounce is None
    assert robot("Hello", "your mail could not be delivered\n").bounce is None  # no code, nothing returned
    assert robot("Vacation", "550 user unknown", "Auto-Submitted: auto-replied\n").bounce is None
    delayed = robot("Warning: delayed 4 hours", "k@x.example\nfor help contact admin@mx.example or us@bank.example")
    assert delayed.bounce is not None
    assert (delayed.bounce.kind, [r.email for r in delayed.bounce.recipients]) == ("delayed", ["k@x.example"])


def test_notes_lines_name_recipients() -> None:
    said = robot("failure notice", "something\nfinal-recipient: rfc822; k@x.example\n")
    assert said.bounce is not None
    assert said.bounce.recipients[0].email == "k@x.example"


def test_a_robot_by_name() -> None:
    assert prose.from_mailer([Address("x@y.example", "Mail Delivery Subsystem")], {})
    assert not prose.from_mailer([Address("ann@y.example", "Ann")], {})
