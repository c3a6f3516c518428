"""Screening: what decides, in which order, and what never makes a machine of a person."""

import pytest

from mailgate.mail import Envelope
from mailgate.reading.parse import parse
from mailgate.reasons import Reason, Screen
from mailgate.rules.screening.classify import RULES, Screened, classify, without_ticket

DESK = frozenset({"support@bank.example"})


def screen(
    fields: str, body: str = "hello", sender: str | None = "ann@x.example", ours: bool = False, names: bool = False
) -> Screened:
    mail = parse(f"From: Ann <ann@x.example>\nMessage-ID: <1@x.example>\n{fields}\n{body}".encode())
    return classify(mail, Envelope(sender, ("support@bank.example",)), lambda _: ours, DESK, names_ticket=names)


def test_rules_stand_in_the_order_of_the_contract() -> None:
    assert [kind for kind, _ in RULES] == [Screen.LOOP, Screen.BOUNCE, Screen.AUTO_REPLY, Screen.BULK]


def test_our_own_mail_is_ours_whatever_else_it_says() -> None:
    assert screen("Auto-Submitted: auto-replied\n", ours=True).kind is Screen.LOOP


def test_a_mail_without_an_id_is_not_ours() -> None:
    mail = parse(b"From: a@x.example\n\nhello")
    assert classify(mail, Envelope("a@x.example", ()), lambda _: True, DESK).kind is Screen.HUMAN


@pytest.mark.parametrize(
    "fields",
    [
        "Auto-Submitted: no\n",
        "Auto-Submitted: \n",
        "X-Autoreply: no\n",
        "Precedence: normal\n",
        "Subject: Abwesenheit von Herrn Meier\n",
        "Subject: Re: Out of office\nIn-Reply-To: <2@x.example>\n",
        "Subject: absence of paper in the printer\n",
        "Disposition-Notification-To: ann@x.example\n",
        "X-Auto-Response-Suppress: DR, RN\n",
        "X-Auto-Response-Suppress: All\n",
        "X-Auto-Response-Suppress: All\nReferences: <2@x.example>\n",
        "List-Post: <mailto:support@bank.example>\nPrecedence: list\n",
        "List-Id: Support <support.bank.example>\n",
        "X-Priority: 1\nX-MSMail-Priority: High\n",
    ],
)
def test_people_stay_people(fields: str) -> None:
    assert screen(fields) == Screened(Screen.HUMAN, (Reason.NO_MACHINE_SIGN,))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("Auto-Submitted: Auto-Replied; owner-email=a@x\n", Reason.AUTO_SUBMITTED_REPLIED),
        ("X-Autorespond: x\n", Reason.VACATION_HEADER),
        ("Precedence: auto_reply\n", Reason.VACATION_HEADER),
        ("X-POST-MessageClass: 9; Autoresponder\n", Reason.VACATION_HEADER),
        ("Subject: Automatic reply: x\nIn-Reply-To: <2@x.example>\n", Reason.VACATION_SUBJECT),
        ("Subject: Automatische Antwort: x\nAuto-Submitted: auto-generated\n", Reason.VACATION_SUBJECT),
        ("Subject: =?utf-8?q?R=C3=A9ponse_automatique_=3A?= x\nPrecedence: bulk\n", Reason.VACATION_SUBJECT),
        ("Subject: [Out of office] x\nX-Auto-Response-Suppress: DR, OOF\n", Reason.VACATION_SUBJECT),
        ("Content-Type: text/calendar; method=REPLY\n", Reason.CALENDAR_REPLY),
        ("X-Apple-Action: VACATION\n", Reason.VACATION_HEADER),
        ("X-Apple-Criteria: {kind=VACATION,recipients=1}\n", Reason.VACATION_HEADER),
        ("X-Mailer: HolidayReply 2\n", Reason.VACATION_HEADER),
        ("X-FC-MachineGenerated: true\n", Reason.VACATION_HEADER),
        ("X-Mail-Autoresponder: x\n", Reason.VACATION_HEADER),
        ("Subject: AUTO: Ann Key is out of the office (returning 12/01/2026)\n", Reason.VACATION_SUBJECT),
        ("Subject: AUTO: Ann Key on ulkona (palaa 01.12.2026)\n", Reason.VACATION_SUBJECT),
        ("Subject: AUTO: Ann Key est absente\nIn-Reply-To: <2@x.example>\nPrecedence: bulk\n", Reason.VACATION_SUBJECT),
        ("Subject: AUTO: Ann Key ist nicht im Büro\n", Reason.VACATION_SUBJECT),
        ("Subject: Otomatik yanıt: x\nIn-Reply-To: <2@x.example>\n", Reason.VACATION_SUBJECT),
        ("Subject: Respuesta automática: Re: [#1001] Printer\n", Reason.VACATION_SUBJECT),
        ("Subject: Respuesta automática: x\nAuto-Submitted: auto-generated\n", Reason.VACATION_SUBJECT),
        ("Subject: Resposta automàtica: x\nIn-Reply-To: <2@x.example>\n", Reason.VACATION_SUBJECT),
        ("Subject: Risposta automatica: [#1001] Printer\n", Reason.VACATION_SUBJECT),
        ("Subject: Automatische Antwort: AW: Karte\n", Reason.VACATION_SUBJECT),
        ("Subject: Automātiska atbilde: [#1001] Printer\n", Reason.VACATION_SUBJECT),
        ("Subject: Out of Office Re: Printer\n", Reason.VACATION_SUBJECT),
        ("Subject: Abwesenheitsnotiz: (Case 78 ) Drucker\n", Reason.VACATION_SUBJECT),
        (
            "Subject: Automatinis atsakymas: x\nReturn-Path: <>\nAuto-Submitted: auto-generated\n",
            Reason.VACATION_SUBJECT,
        ),
    ],
)
def test_automatic_answers(fields: str, reason: Reason) -> None:
    assert screen(fields, "BEGIN:VCALENDAR\nMETHOD:REPLY\n") == Screened(Screen.AUTO_REPLY, (reason,))


@pytest.mark.parametrize(
    ("fields", "text", "reasons"),
    [
        ("Subject: Automatic reply: x\n", "I am on vacation.", (Reason.VACATION_SUBJECT, Reason.VACATION_TEXT)),
        ("Return-Path: <>\n", "Ich bin bis Montag im Urlaub.", (Reason.VACATION_TEXT,)),
    ],
)
def test_what_a_person_may_write_needs_a_sign_beside_it(fields: str, text: str, reasons: tuple[Reason, ...]) -> None:
    found = screen(fields, f"\n{text}\n", sender=None)
    assert found == Screened(Screen.AUTO_REPLY, reasons)
    assert screen("Subject: x\n", f"\n{text}\n").kind is Screen.HUMAN


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ("Subject: Out of office next week\n", "I am out of the office next week, please book me for later."),
        ("Subject: Out of office: how?\nIn-Reply-To: <2@x.example>\n", "I am on vacation."),
        ("Subject: AUTO: a car\n", "Red."),
        ("Subject: Automatic reply: Re: [#1001] Printer, why do I get this?\n", "It came twice."),
        ("Subject: Re: Automatic reply: [#1001] Printer\n", "I do not understand that."),
        ("Subject: [#1001] Automatic reply of the portal\n", "It is wrong."),
        ("Subject: Out of office\n", "How do I switch it on?"),
        ("Subject: Automatische Antwort einrichten\n", "Bitte helfen Sie mir."),
        ("Subject: Question: x\nIn-Reply-To: <2@x.example>\nX-Auto-Response-Suppress: All\n", "Why?"),
        ("Subject: Re: x\nIn-Reply-To: <2@x.example>\nX-Auto-Response-Suppress: All\n", "I am on vacation."),
    ],
)
def test_what_a_person_writes_is_a_person_s(fields: str, text: str) -> None:
    assert screen(fields, f"\n{text}\n").kind is Screen.HUMAN


OUTLOOK = "X-MS-Has-Attach:\nIn-Reply-To: <2@x.example>\n"


@pytest.mark.parametrize(
    ("fields", "text", "reacts"),
    [
        (OUTLOOK, "👍\n\nAnn reacted to your message:\n\n________________\nFrom: x\n", True),
        (OUTLOOK, "[cid:like.png]\nSomebody else hat auf Ihre Nachricht reagiert:\nFrom: x\n", True),
        (OUTLOOK, "Ann reacted to your message:\n> Hello\n", True),
        (OUTLOOK, "Ann reacted to your message:", True),
        (OUTLOOK, "Ann reacted to your message:\nbut I did not\n", False),
        (OUTLOOK, "Ann reacted to your message\n", False),
        (OUTLOOK, "Somebody else came by:\n", False),
        (OUTLOOK, "Ann wrote on 3 May 2026:\n> Hello\n", False),
        (OUTLOOK, "Ann <ann@x.example> wrote:\n> Hello\n", False),
        (OUTLOOK, "ok\n", False),
        ("X-MS-Has-Attach:\n", "Ann reacted to your message:\n> Hello\n", False),
        ("In-Reply-To: <2@x.example>\n", "Ann reacted to your message:\n> Hello\n", False),
        ("Content-Type: text/vnd.google.email-reaction+json\n", '{"emoji": "🙃", "version": 1}', True),
        ("Content-Type: text/vnd.google.email-reaction+json\n", '{"emoji": "🙃", "version": 2}', False),
        ("Content-Type: text/vnd.google.email-reaction+json\n", '{"emoji": "yes", "version": 1}', False),
        ("Content-Type: text/vnd.google.email-reaction+json\n", '{"emoji": 1, "version": 1}', False),
        ("Content-Type: text/vnd.google.email-reaction+json\n", "[]", False),
        ("Content-Type: text/vnd.google.email-reaction+json\n", "{", False),
        (
            "Content-Type: text/vnd.google.email-reaction+json\nContent-Disposition: attachment\n",
            '{"emoji": "🙃", "version": 1}',
            False,
        ),
    ],
)
def test_reactions(fields: str, text: str, reacts: bool) -> None:
    found = screen(fields, f"\n{text}")
    assert found == (
        Screened(Screen.AUTO_REPLY, (Reason.REACTION,)) if reacts else Screened(Screen.HUMAN, (Reason.NO_MACHINE_SIGN,))
    )


def test_an_answer_under_another_label_is_a_machine_s_where_a_machine_sent_it() -> None:
    fields = "Subject: Automaatika: x\nIn-Reply-To: <2@x.example>\nAuto-Submitted: auto-generated\n"
    mail = parse(f"From: Ann <ann@x.example>\nMessage-ID: <1@x.example>\n{fields}\nhello".encode())
    envelope = Envelope("ann@x.example", ())
    assert classify(mail, envelope, {"<2@x.example>"}.__contains__, DESK).kind is Screen.AUTO_REPLY
    mail = parse(
        f"From: Ann <ann@x.example>\nMessage-ID: <1@x.example>\n{fields.replace('Automaatika', 'Ein')}\nx".encode()
    )
    assert classify(mail, envelope, {"<2@x.example>"}.__contains__, DESK).kind is Screen.BULK


def test_an_invitation_is_no_answer() -> None:
    assert screen("Content-Type: text/calendar; method=REQUEST\n", "METHOD:REQUEST").kind is Screen.HUMAN


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("Auto-Submitted: auto-generated (monitor)\n", Reason.AUTO_SUBMITTED_GENERATED),
        ("Auto-Submitted: auto-notified\n", Reason.AUTO_SUBMITTED_GENERATED),
        ("Precedence: Bulk\n", Reason.PRECEDENCE),
        ("Precedence: junk\n", Reason.PRECEDENCE),
        ("List-Unsubscribe: <https://x.example/u>\n", Reason.LIST_HEADER),
        ("List-Id: <mysupport.bank.example>\n", Reason.LIST_HEADER),
        ("List-Post: <mailto:support@bank.example.org>\n", Reason.LIST_HEADER),
        ("Reply-To: x@y.example\nSender: x@y.example\nPrecedence: bulk (robot)\n", Reason.PRECEDENCE),
    ],
)
def test_bulk(fields: str, reason: Reason) -> None:
    assert screen(fields) == Screened(Screen.BULK, (reason,))


@pytest.mark.parametrize(
    "local", ["noreply", "no-reply", "donotreply", "do_not_reply", "no.reply+123", "mailer-daemon"]
)
def test_nobody_reads_these_addresses(local: str) -> None:
    mail = parse(f"From: {local}@x.example\n\nhello".encode())
    assert classify(mail, Envelope("a@x.example", ()), lambda _: False, DESK).reasons == (Reason.ROBOT_SENDER,)


@pytest.mark.parametrize("local", ["norbert", "noreen", "bouncy.castle", "nora.plyer"])
def test_people_have_such_names(local: str) -> None:
    mail = parse(f"From: {local}@x.example\n\nhello".encode())
    assert classify(mail, Envelope("a@x.example", ()), lambda _: False, DESK).kind is Screen.HUMAN


def test_the_null_sender_counts_from_the_envelope_else_from_return_path() -> None:
    assert screen("", sender="").reasons == (Reason.NULL_SENDER,)
    assert screen("Return-Path: <>\n", sender=None).reasons == (Reason.NULL_SENDER,)
    assert screen("Return-Path: <>\n", sender="ann@x.example").kind is Screen.HUMAN


def test_every_sign_of_the_deciding_rule_is_told() -> None:
    found = screen("Auto-Submitted: auto-generated\nPrecedence: bulk\nList-Id: <x.y>\n", sender="").reasons
    signs = (Reason.AUTO_SUBMITTED_GENERATED, Reason.PRECEDENCE, Reason.LIST_HEADER, Reason.NULL_SENDER)
    assert found == signs


HELP_DESKS = {
    "Zendesk": "X-Mailer: Zendesk Mailer\nX-Zendesk-From-Account-Id: abc\nX-Auto-Response-Suppress: All\n",
    "Jira": "X-JIRA-FingerPrint: d41d8cd98f00b204e9800998ecf8427e\n",
    "Freshdesk": "X-Freshdesk-Ticket-Id: 77\nX-Auto-Response-Suppress: DR, RN, OOF, AutoReply\n",
    "ServiceNow": "X-ServiceNow-Generated: true\n",
    "Help Scout": "X-Mailer: Help Scout\nFeedback-ID: 1:2:hs\n",
    "RT": "RT-Ticket: client #77\nManaged-by: RT 5.0\n",
    "OTRS": "X-Powered-By: OTRS\n",
    "Zammad": "User-Agent: Zammad Mail Service\n",
}
RECEIVED = {
    "en": "Thank you for contacting us. Your request (77) has been received and is being reviewed.",
    "en, we": "We've received your message and will answer soon.",
    "de": "Vielen Dank. Ihre Anfrage ist bei uns eingegangen und hat die Nummer 77.",
    "fr": "Votre demande a bien été enregistrée sous le numéro 77.",
    "es": "Hemos recibido su solicitud con el número 77.",
    "pt": "A sua solicitação foi registrada com o número 77.",
    "it": "La sua richiesta è stata registrata con il numero 77.",
    "nl": "Wij hebben uw bericht in goede orde ontvangen.",
    "sv": "Ditt ärende har registrerats.",
    "pl": "Twoje zgłoszenie zostało zarejestrowane.",
    "ru": "Ваше обращение зарегистрировано под номером 77.",
}
MARKER = "##- Please type your reply above this line -##"


@pytest.mark.parametrize("fields", HELP_DESKS.values(), ids=HELP_DESKS)
def test_an_acknowledgement_of_another_help_desk_is_an_automatic_answer(fields: str) -> None:
    for subject in ("Re: [#1001] Printer", "[#1001] Printer", "CS-77 [#1001] Printer"):
        found = screen(f"Subject: {subject}\n{fields}", f"Hello,\n\n{RECEIVED['en']}\n", names=True)
        assert found == Screened(Screen.AUTO_REPLY, (Reason.ACKNOWLEDGEMENT,))
    in_reply = screen(f"Subject: Printer\nIn-Reply-To: <2@x.example>\n{fields}", RECEIVED["en"])
    assert in_reply.kind is Screen.AUTO_REPLY


def test_an_acknowledgement_that_belongs_to_no_ticket_is_a_notice_unless_more_says_that_it_is_automatic() -> None:
    fields = f"Subject: Re: [#1001] Printer\n{HELP_DESKS['Zendesk']}"
    assert without_ticket(screen(fields, RECEIVED["en"], names=True)) == Screened(
        Screen.BULK, (Reason.ACKNOWLEDGEMENT,)
    )
    replied = screen(f"{fields}Auto-Submitted: auto-replied\n", RECEIVED["en"], names=True)
    assert without_ticket(replied) == replied
    bulk = screen(fields, "It is fixed.", names=True)
    assert without_ticket(bulk) == bulk


@pytest.mark.parametrize("text", RECEIVED.values(), ids=RECEIVED)
def test_an_acknowledgement_is_known_by_the_line_above_it_or_by_another_sign(text: str) -> None:
    subject = "Subject: Re: [#1001] Printer\nContent-Type: text/plain; charset=utf-8\n"
    assert screen(subject, f"{MARKER}\n\n{text}", names=True).reasons == (Reason.ACKNOWLEDGEMENT,)
    bare = "Content-Type: text/plain; charset=utf-8\nIn-Reply-To: <2@x.example>\nSubject: [#1001] Printer\n"
    assert screen(f"{bare}X-Auto-Response-Suppress: All\n", text).reasons == (Reason.ACKNOWLEDGEMENT,)
    assert screen(bare, text).kind is Screen.HUMAN


@pytest.mark.parametrize(
    "text",
    [
        "Hello,\n\nthe part is ordered and arrives on Monday.",
        "Have you seen that your request was received?",
        "Fixed.\n\n> Your request (77) has been received.",
        "Fixed.\n\nOn 3 May 2026 at 10:00, Ann <ann@x.example> wrote:\n\nYour request has been received.",
        "Fixed.\n\n-----Original Message-----\nYour request has been received.",
        f"Fixed.\n\n{MARKER}\n\nYour request has been received.",
        "Fixed.\n\nFrom: Ann\n\nYour request has been received.",
        "Fixed.\n\n________\nYour request has been received.",
    ],
)
def test_what_the_people_of_a_help_desk_write_is_heard_and_gets_no_automatic_answer(text: str) -> None:
    fields = f"Subject: Re: [#1001] Printer\n{HELP_DESKS['Zendesk']}"
    assert screen(fields, text, names=True) == Screened(Screen.BULK, (Reason.HELP_DESK,))


def test_what_a_help_desk_sends_without_naming_a_ticket_is_no_answer() -> None:
    found = screen(f"Subject: New case\n{HELP_DESKS['Jira']}", "A new case was created by Ann: the printer burns.")
    assert found == Screened(Screen.BULK, (Reason.HELP_DESK,))


@pytest.mark.parametrize(
    "subject",
    [
        "Report Domain: bank.example Submitter: protection.outlook.com Report-ID: 99",
        "Report domain: bank.example  Submitter: yahooinc.com Report-ID: <1>",
    ],
)
def test_a_daily_report_on_a_domain_is_made_by_a_machine(subject: str) -> None:
    assert screen(f"Subject: {subject}\n") == Screened(Screen.BULK, (Reason.AGGREGATE_REPORT,))
    report = "Content-Type: multipart/report; report-type=tlsrpt; boundary=b\n"
    parts = "--b\n\nAn aggregate TLS report\n--b\nContent-Type: application/tlsrpt+gzip; name=r.gz\n\nx\n--b--\n"
    assert screen(f"Subject: {subject}\n{report}", parts).kind is Screen.BULK
    assert screen("Subject: Report domain: which one?\n").kind is Screen.HUMAN


GMAIL = (
    "\N{THUMBS UP SIGN}\n\nAnn reacted via Gmail\n<https://www.google.com/gmail/about/?utm_source=gmail>\n\nOn Monday"
)


@pytest.mark.parametrize(
    ("text", "reacts"),
    [
        (GMAIL, True),
        (GMAIL.replace("Ann reacted via Gmail", "Ann hat \u00fcber Gmail reagiert"), True),
        (GMAIL.replace("gmail/about", "search"), False),
        (GMAIL.replace("via Gmail", "by hand"), False),
        (GMAIL.replace("Ann", "Ann, who has thought about it for a long time and has more to say of it, " * 4), False),
        (f"Yes!\n{GMAIL}", False),
        ("\N{THUMBS UP SIGN}", False),
        ("\N{THUMBS UP SIGN}" * 20 + GMAIL, False),
    ],
)
def test_a_reaction_of_gmail_of_which_a_gateway_left_the_text(text: str, reacts: bool) -> None:
    fields = "Content-Type: text/plain; charset=utf-8\nSubject: Re: x\n"
    found = screen(f"{fields}In-Reply-To: <2@x.example>\n", text)
    assert (found == Screened(Screen.AUTO_REPLY, (Reason.REACTION,))) is reacts
    assert screen(fields, text).kind is Screen.HUMAN
