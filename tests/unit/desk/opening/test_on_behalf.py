"""Tickets on someone's behalf: #new, and customers' mail that agents forward."""

from __future__ import annotations

import csv
import email
import email.policy
import re
from email.message import EmailMessage

import pytest

from mailgate.ticket import Actor
from tests.desk import CONFIG, KAREN, Bench, to, told

ELLIOT, ANN, BOB, VERA = "elliot@bank.example", "ann@bank.example", "bob@bank.example", "vera@bank.example"
TRUSTED = CONFIG + '\n[trust]\ndomains = ["bank.example"]\n'
PASSED = {
    "Authentication-Results": "mx.bank.example; dmarc=pass header.from=bank.example; dkim=pass header.d=bank.example",
    "DKIM-Signature": "v=1; d=bank.example; h=From:Subject; b=x",
}
GMAIL = """{own}

---------- Forwarded message ---------
From: Karen Client <karen@client.example>
Date: Fri, Nov 20, 2026 at 8:31 AM
Subject: Card lost
To: <elliot@bank.example>

I lost my card in the train.

Karen
"""


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, TRUSTED)


def send(bench, text, sender=ELLIOT, **more):
    """A proven agent's mail."""
    more["headers"] = {**PASSED, **more.get("headers", {})}
    return bench.send(sender, text, authserv_ids=("mx.bank.example",), **more)


def forward(bench, own="", sender=ELLIOT, **more):
    return send(bench, GMAIL.format(own=own), sender, subject="Fwd: Card lost", **more)


def enclosed(bench, inner: EmailMessage, own="", *, subject="Fwd: it", sender=ELLIOT, proven=True):
    """An agent's mail with another one attached, as it came."""
    mail = EmailMessage()
    for name, value in (PASSED if proven else {}).items():
        mail[name] = value
    mail["From"], mail["To"], mail["Subject"] = sender, "support@bank.example", subject
    mail["Message-ID"] = "<forward@bank.example>"
    mail.set_content(own)
    mail.add_attachment(inner)
    bench.accept(mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")), authserv_ids=("mx.bank.example",))
    return bench.drain()


def karens(**headers):
    mail = EmailMessage()
    fields = {"From": KAREN, "To": ELLIOT, "Subject": "Card lost", "Message-ID": "<k1@client.example>"}
    for name, value in (fields | headers).items():
        mail[name] = value
    mail.set_content("I lost my card in the train.\n\nKaren\n")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="train.pdf")
    return mail


# ── #new ────────────────────────────────────────────────────────────────────────────────


def test_new_opens_a_ticket_for_somebody_and_tells_everybody_once(bench):
    mails = send(bench, f"#new {KAREN}\n\nShe called: the card is lost.", subject="Card lost")
    ticket = bench.ticket()
    assert (str(ticket.requester), ticket.subject, ticket.source) == (KAREN, "Card lost", "smtp")
    assert bench.thread() == [("message", "She called: the card is lost.")]
    assert told(mails) == {("opened-for-you", "karen@client.example"), ("answer", ELLIOT), ("new-ticket", ANN)}
    theirs = to(mails, "karen@client.example")
    assert "Elliot Alderson opened request [#1001] for you." in theirs.text
    assert "She called: the card is lost." in theirs.text
    assert "#new" not in theirs.everything
    assert "Ticket #1001 was opened for Karen Client <karen@client.example>." in to(mails, ELLIOT).text
    assert "Elliot Alderson opened it for Karen Client" in to(mails, ANN).text
    assert bench.events()[0].by == Actor.agent("elliot")


def test_the_requesters_answer_finds_the_ticket_and_waits_for_an_agent(bench):
    mails = send(bench, f"#new {KAREN}\n\nShe called.")
    bench.send(KAREN, "Thank you.", answers=to(mails, "karen@client.example"))
    assert bench.numbers() == [1001]
    assert bench.thread()[-1] == ("message", "Thank you.")
    assert bench.ticket().waiting_since is not None


def test_an_answer_to_an_alert_can_open_another_ticket_with_its_key_as_proof(tmp_path):
    bench = Bench(tmp_path)
    alert = to(bench.send(KAREN, "It does not open."), ELLIOT)
    mails = bench.send(ELLIOT, "#new lee@client.example\n\nLee has it, too.", answers=alert)
    assert str(bench.ticket(1002).requester) == "lee@client.example"
    assert bench.thread(1001) == [("message", "It does not open.")]
    assert "Lee has it, too." in to(mails, "lee@client.example").text
    bench.db.close()


@pytest.mark.parametrize(
    "typed", ['"Lee Sun"', "\u201cLee Sun\u201d", "\u201eLee Sun\u201c", "\u00abLee Sun\u00bb", "Lee Sun"]
)
def test_the_name_before_an_address_is_freed_of_its_quotes(bench, typed):
    send(bench, f"#new {typed} <lee@client.example>\n\nText.")
    assert str(bench.ticket().requester) == "Lee Sun <lee@client.example>"


def test_commands_on_top_are_done_to_the_new_ticket(bench):
    mails = send(
        bench,
        f"#new {KAREN}\n#topic report\n#prio high\n#assign bob -- knows it\n#tag door\n#due 2h\n"
        "#cc boss@client.example\n\nThe door.",
        sender=ANN,
    )
    ticket = bench.ticket()
    assert (ticket.topic, ticket.department, ticket.priority) == ("Report a Problem", "Maintenance", "High")
    assert (str(ticket.assignee), ticket.tags) == ("agent:bob", ("door",))
    assert to(mails, BOB).kind == "assigned"
    assert to(mails, "boss@client.example").kind == "collaborator-added"
    assert "The door." in to(mails, "boss@client.example").text
    assert "Maintenance" not in to(mails, "karen@client.example").everything
    assert "knows it" not in to(mails, "karen@client.example").everything


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"#new {KAREN}\n#assign nobdy\n\nText.", "no agent or team is called"),
        (f"#new {KAREN}\n#prio wrong\n#topic wrong\n\nText.", "no priority is called"),
        (f"#new {KAREN}\n#uncc a@b.example\n\nText.", "this is for a ticket that exists"),
        (f"#new {KAREN}\n#requester lee@client.example\n\nText.", "this is for a ticket that exists"),
        (f"#new {KAREN}\n#note bob\n\nText.", "this is for a ticket that exists"),
        ("#new support@bank.example\n\nText.", "an address of the desk"),
        ("#new nobody-we-know\n\nText.", "No requester is called “nobody-we-know”"),
        ("#new karen@\n\nText.", "is not an address: write it as name@domain"),
        (f"Text.\n#new {KAREN}", "Commands go on top"),
        (f"#new {KAREN}\n\nWe sent it to Maintenance today.", "internal text"),
    ],
)
def test_one_thing_wrong_and_nothing_is_opened(bench, text, problem):
    mails = send(bench, text)
    assert bench.numbers() == []
    assert told(mails) == {("command-failed", ELLIOT)}
    assert problem in mails[0].text


def test_who_is_meant_by_a_name_is_found_or_asked(bench):
    bench.send(KAREN, "One.")
    bench.send("Karl Klient <karl@client.example>", "Two.")
    bench.send("Ümit Öz <umit@client.example>", "Three.")
    bench.send("Boss <boss@client.example>", "Four.", to="outages@bank.example")
    (asked,) = send(bench, "#new kar\n\nText.")
    assert "could be Karen Client <karen@client.example> or Karl Klient <karl@client.example>" in asked.text
    for typed, name in {
        "karen client": "karen",
        '"Karen Client"': "karen",
        "karl@client.example": "karl",
        "klient": "karl",
        "ÜMIT": "umit",
    }.items():
        send(bench, f"#new {typed}\n\nText.")
        assert bench.ticket(bench.numbers()[-1]).requester.email == f"{name}@client.example", typed
    assert bench.ticket(bench.numbers()[-2]).requester.name == "Karl Klient"
    (refused,) = send(bench, "#new boss\n\nText.")  # of a department that Elliot does not see
    assert "No requester is called" in refused.text
    assert "boss@" not in refused.text


@pytest.mark.parametrize("value", ["", " me", " elliot", f" {ELLIOT}"])
def test_without_a_name_it_is_the_agents_own(bench, value):
    mails = send(bench, f"#new{value}\n\nMy chair is broken.", subject="Chair")
    assert bench.ticket().requester.email == ELLIOT
    assert bench.thread() == [("message", "My chair is broken.")]
    assert told(mails) == {("answer", ELLIOT), ("new-ticket", ANN)}


def test_quiet_tells_the_requester_nothing(bench):
    mails = send(bench, f"#new {KAREN}\n#quiet\n\nShe called.")
    assert told(mails) == {("answer", ELLIOT), ("new-ticket", ANN)}


def test_note_keeps_the_text_inside_and_reply_sends_it_as_an_answer(bench):
    mails = send(bench, f"#new {KAREN}\n#note\n\nShe was very angry on the phone.")
    assert bench.thread() == [("note", "She was very angry on the phone.")]
    assert "angry" not in to(mails, "karen@client.example").everything
    assert "angry" in to(mails, ANN).text
    mails = send(bench, "#new lee@client.example\n#reply\n\nYour card is ready.", subject="Card ready")
    assert bench.thread(1002) == [("reply", "Your card is ready.")]
    assert to(mails, "lee@client.example").kind == "reply"
    assert str(bench.ticket(1002).assignee) == "agent:elliot"


def test_a_new_ticket_that_is_closed_at_once_is_one_mail(bench):
    mails = send(bench, f"#new {KAREN}\n#resolved\n\nShe called, and all is well.")
    assert bench.ticket().status == "resolved"
    assert "has been resolved" in to(mails, "karen@client.example").text


def test_people_in_cc_of_a_new_ticket_are_on_it(bench):
    send(bench, f"#new {KAREN}\n\nHello.", cc="boss@client.example, ann@bank.example")
    assert [(who.email, who.active) for who in bench.ticket().collaborators] == [("boss@client.example", True)]


def test_form_lines_and_rules_route_it(tmp_path):
    rule = """
[[rule]]
name = "Clients"
when = { from = { domain = "client.example" } }
then = { tags = ["client"], alert = ["boss@ops.example"] }
"""
    bench = Bench(tmp_path, TRUSTED + rule)
    mails = send(bench, f"#new {KAREN}\n\nHelp topic: Business Critical Outage\nPhone: 555\n\nAll is down.")
    ticket = bench.ticket()
    assert (ticket.topic, ticket.tags, ticket.fields["Phone"]) == ("Business Critical Outage", ("client",), "555")
    assert to(mails, "boss@ops.example").kind == "new-ticket"
    bench.db.close()


# ── who may ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("opens", ["new", "forward", "attached"])
def test_a_role_without_reply_opens_for_nobody_else(bench, opens):
    if opens == "new":
        mails = send(bench, f"#new {KAREN}\n\nText.", sender=VERA)
    elif opens == "forward":
        mails = forward(bench, sender=VERA)
    else:
        mails = enclosed(bench, karens(), sender=VERA)
    assert bench.numbers() == []
    assert told(mails) == {("command-failed", VERA)}
    assert "You may not open tickets for others in Support: your role there is View only" in mails[0].text


def test_the_role_is_that_of_the_department_it_goes_to(tmp_path):
    departments = 'departments = { Support = "All Access", "Systems Administrators" = "View only" }'
    bench = Bench(tmp_path, TRUSTED.replace('departments = { "Systems Administrators" = "All Access" }', departments))
    (mail,) = send(bench, f"#new {KAREN}\n\nText.", sender=BOB, to="outages@bank.example")
    assert "in Systems Administrators: your role there is View only" in mail.text
    send(bench, f"#new {KAREN}\n\nText.", sender=BOB)
    assert bench.numbers() == [1001]
    bench.db.close()


def test_everybody_may_open_for_themselves(bench):
    send(bench, "#new\n\nMy chair.", sender=VERA)
    assert bench.ticket().requester.email == VERA


@pytest.mark.parametrize("opens", ["new", "forward", "attached", "commands"])
def test_a_forged_agent_opens_nothing_and_the_agent_is_asked(bench, opens):
    if opens == "new":
        mails = bench.send(ELLIOT, f"#new {KAREN}\n\nText.")
    elif opens == "forward":
        mails = bench.send(ELLIOT, GMAIL.format(own=""), subject="Fwd: Card lost")
    elif opens == "commands":
        mails = bench.send(ELLIOT, GMAIL.format(own="#assign bob\n"), subject="Fwd: Card lost")
    else:
        mails = enclosed(bench, karens(), proven=False)
    assert bench.numbers() == []
    assert bench.last()["state"] == "held"
    assert told(mails) == {("confirm", ELLIOT)}


def test_a_confirmed_forward_is_carried_out(bench):
    (asked,) = bench.send(ELLIOT, GMAIL.format(own="Be quick."), subject="Fwd: Card lost")
    code = re.search(r"#confirm (\w+)", asked.text)[1]
    mails = bench.send(ELLIOT, f"#confirm {code}", answers=asked)
    assert str(bench.ticket().requester) == KAREN
    assert to(mails, "karen@client.example").kind == "opened-for-you"


def test_somebody_elses_forward_stays_an_ordinary_ticket(bench):
    bench.send("lee@client.example", GMAIL.format(own="See below."), subject="Fwd: Card lost")
    assert bench.ticket().requester.email == "lee@client.example"
    assert "I lost my card in the train." in bench.thread()[0][1]


# ── forwarded inline ────────────────────────────────────────────────────────────────────


def test_a_forwarded_mail_is_its_authors_ticket_and_the_agents_words_a_note(bench):
    mails = forward(bench, "She is a very delicate customer.", files=(("train.pdf", "application/pdf", b"%PDF"),))
    ticket = bench.ticket()
    assert (str(ticket.requester), ticket.subject) == (KAREN, "Card lost")
    assert ticket.created_at == bench.now
    assert bench.thread() == [
        ("message", "I lost my card in the train.\n\nKaren"),
        ("note", "She is a very delicate customer."),
    ]
    assert [event.kind.value for event in bench.events()] == ["opened", "routed", "noted"]
    theirs = to(mails, "karen@client.example")
    assert theirs.kind == "opened-for-you"
    assert "I lost my card" in theirs.text
    assert "delicate" not in theirs.everything
    alert = to(mails, ANN)
    assert "I lost my card" in alert.text
    assert "delicate" in alert.text
    assert "train.pdf" in alert.everything
    assert "Karen Client via" in str(alert.message["From"])
    mine = to(mails, ELLIOT)
    assert "kept as an internal note" in mine.text
    code = re.search(r"Send it to Karen Client: mailto:\S+body=%23send%20(\w+)%0D", mine.text)
    sent = send(bench, f"#send {code[1]}", ELLIOT, answers=mine)
    assert "delicate" in to(sent, "karen@client.example").text


def test_the_answer_goes_to_the_original_author_and_the_note_never(bench):
    alert = to(forward(bench, "She is a very delicate customer."), ANN)
    mails = send(bench, "We have sent a new one.", ANN, answers=alert)
    assert "delicate" not in to(mails, "karen@client.example").everything
    assert "I lost my card" in to(mails, "karen@client.example").text  # their own words, quoted
    (back,) = send(bench, "#reply\n\nShe is a very delicate customer.", ANN, answers=alert)
    assert back.kind == "held"


def test_reply_above_a_forward_is_the_first_answer(bench):
    mails = forward(bench, "#reply\n\nA new card is on its way.")
    assert bench.thread()[1] == ("reply", "A new card is on its way.")
    assert to(mails, "karen@client.example").kind == "reply"
    assert bench.ticket().first_response_at is not None
    assert str(bench.ticket().assignee) == "agent:elliot"


def test_commands_above_a_forward_are_done_to_the_new_ticket(bench):
    forward(bench, "#assign online\n#prio low\n#subject Lost card\n#note\n\nIn the train.")
    ticket = bench.ticket()
    assert (str(ticket.assignee), ticket.priority, ticket.subject) == ("team:Online Banking", "Low", "Lost card")
    assert bench.thread()[1] == ("note", "In the train.")


def test_new_with_a_name_above_a_forward_names_the_requester(bench):
    mails = forward(bench, "#new Karen Private <karen@home.example>")
    assert bench.ticket().requester.email == "karen@home.example"
    theirs = to(mails, "karen@home.example")
    assert theirs.kind == "opened-for-you"
    assert "train" not in theirs.everything  # another address wrote it: who knows whose it is


def test_new_me_makes_a_forward_the_agents_own(bench):
    forward(bench, "#new me\n\nWhat do I do with this?")
    assert bench.ticket().requester.email == ELLIOT
    ((kind, text),) = bench.thread()
    assert kind == "message"
    assert "What do I do with this?" in text
    assert "I lost my card" in text


@pytest.mark.parametrize("signature", ["Sent from my iPhone", "-- \nElliot Alderson\nFirst Bank"])
def test_a_signature_above_a_forward_is_no_note(bench, signature):
    forward(bench, signature)
    assert [kind for kind, _ in bench.thread()] == ["message"]


def test_a_customers_reply_to_their_own_mail_threads_by_the_id_that_the_forward_names(bench):
    forward(
        bench, headers={"In-Reply-To": "<k1@client.example>", "References": "<k0@client.example> <k1@client.example>"}
    )
    bench.send(KAREN, "P.S. It is blue.", subject="Re: Card lost", headers={"In-Reply-To": "<k1@client.example>"})
    assert bench.numbers() == [1001]


def test_an_unreadable_author_is_asked_for_or_the_mail_stays_the_agents(bench):
    exchange = (
        "Own.\n\n-----Original Message-----\nFrom: Client, Karen\nSent: Friday\nTo: Elliot\nSubject: Card\n\nLost it.\n"
    )
    (mail,) = send(bench, f"#new\n\n{exchange}", subject="FW: Card")
    assert "name the requester with #new ADDRESS" in mail.text
    send(bench, f"#new {KAREN}\n\n{exchange}", subject="FW: Card")
    assert str(bench.ticket().requester) == KAREN
    assert bench.thread()[0] == ("message", "Lost it.")
    send(bench, exchange, subject="FW: Card")
    assert bench.ticket(1002).requester.email == ELLIOT


def test_a_forward_of_an_alert_stays_a_note_on_its_ticket(bench):
    alert = to(bench.send(KAREN, "It does not open."), ELLIOT)
    header = f"From: {alert.message['From']}\nSubject: {alert.subject}\nTo: <{ELLIOT}>"
    block = f"---------- Forwarded message ---------\n{header}\n\n{alert.text}"
    send(bench, f"Have a look.\n\n{block}", answers=alert, subject=f"Fwd: {alert.subject}")
    assert bench.numbers() == [1001]
    assert bench.thread()[1] == ("note", "Have a look.")


def test_a_forward_of_the_desks_own_mail_opens_nothing_for_the_desk(bench):
    header = "From: First Bank Support <support@bank.example>\nSubject: News\nTo: <e@x.example>"
    block = f"---------- Forwarded message ---------\n{header}\n\nHello.\n"
    send(bench, f"Why?\n\n{block}", subject="Fwd: News")
    assert bench.ticket().requester.email == ELLIOT
    (mail,) = send(bench, f"#new\n\nWhy?\n\n{block}", subject="Fwd: News")
    assert "one of the desk’s own" in mail.text


def test_a_colleagues_mail_is_the_colleagues_ticket(bench):
    mails = send(bench, GMAIL.format(own="Bob's.").replace(KAREN, f"Bob Base <{BOB}>"), subject="Fwd: Card lost")
    assert bench.ticket().requester.email == BOB
    assert to(mails, BOB).kind == "opened-for-you"


def test_nobody_tells_a_robot(bench):
    mails = send(bench, GMAIL.format(own="").replace(KAREN, "Shop <noreply@shop.example>"), subject="Fwd: Card lost")
    assert bench.ticket().requester.email == "noreply@shop.example"
    assert told(mails) == {("new-ticket", ANN), ("answer", ELLIOT)}


# ── forwarded as an attachment ──────────────────────────────────────────────────────────


def test_an_attached_mail_is_its_authors_ticket_with_its_files_and_its_id(bench):
    mails = enclosed(bench, karens(), "She is a very delicate customer.")
    assert str(bench.ticket().requester) == KAREN
    assert bench.thread() == [
        ("message", "I lost my card in the train.\n\nKaren"),
        ("note", "She is a very delicate customer."),
    ]
    row = bench.db.one("SELECT message_id, attachments FROM entry ORDER BY id")
    assert row["message_id"] == "<k1@client.example>"
    assert "train.pdf" in row["attachments"]
    theirs = to(mails, "karen@client.example")
    assert theirs.message["In-Reply-To"] == "<k1@client.example>"
    assert "delicate" not in theirs.everything
    assert "train.pdf" in to(mails, ANN).everything
    bench.send(KAREN, "P.S.", subject="Re: Card lost", headers={"In-Reply-To": "<k1@client.example>"})
    assert bench.numbers() == [1001]


def test_an_attached_mail_that_the_desk_has_is_a_note_on_its_ticket(bench):
    bench.send(KAREN, "I lost my card.", message_id="<k1@client.example>")
    enclosed(bench, karens(), "Did you see it?")
    assert bench.numbers() == [1001]
    assert bench.thread()[1] == ("note", "Did you see it?")
    enclosed(bench, karens(), "#new\n\nAnother one, please.", subject="Fwd: again")
    assert str(bench.ticket(1002).requester) == KAREN


def test_an_attached_alert_is_a_note_on_its_ticket(bench):
    alert = to(bench.send(KAREN, "It does not open."), ELLIOT)
    inner = EmailMessage()
    inner["From"], inner["Message-ID"], inner["Subject"] = "support@bank.example", alert.message_id, alert.subject
    inner.set_content(alert.text)
    enclosed(bench, inner, "Have a look.")
    assert bench.thread() == [("message", "It does not open."), ("note", "Have a look.")]


def test_a_rule_on_the_language_matches_the_mail_itself_and_the_same_mail_forwarded(tmp_path):
    rule = '[[rule]]\nname = "German"\nwhen = { language = "de" }\nthen = { tags = ["deutsch"] }\n'
    bench = Bench(tmp_path, TRUSTED + rule)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = KAREN, "support@bank.example", "x"
    mail.set_content("Tel. 555")  # no word of any language
    mail["Content-Language"] = "de"
    enclosed(bench, mail)
    bench.accept(mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")))
    bench.drain()
    assert [(ticket.tags, ticket.language) for ticket in map(bench.ticket, (1001, 1002))] == [(("deutsch",), "de")] * 2


def test_the_language_of_an_agents_program_is_not_the_requesters(tmp_path):
    rule = '[[rule]]\nname = "German"\nwhen = { language = "de" }\nthen = { tags = ["deutsch"] }\n'
    bench = Bench(tmp_path, TRUSTED + rule)
    send(bench, f"#new {KAREN}\n\nTel. 555", headers={"Content-Language": "de"})
    assert (bench.ticket().tags, bench.ticket().language) == ((), "en")


def test_several_attached_mails_are_no_forward(bench):
    mail = EmailMessage()
    for name, value in PASSED.items():
        mail[name] = value
    mail["From"], mail["To"], mail["Subject"] = ELLIOT, "support@bank.example", "Two of them"
    mail.set_content("See.")
    mail.add_attachment(karens())
    mail.add_attachment(karens())
    bench.accept(mail.as_bytes(), authserv_ids=("mx.bank.example",))
    bench.drain()
    assert bench.ticket().requester.email == ELLIOT


# ── the corpus ──────────────────────────────────────────────────────────────────────────


def rows(corpus):
    with (corpus / "forwards/INDEX.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_every_programs_forward_becomes_the_right_ticket(corpus, bench):
    texts = set()
    for place, row in enumerate(rows(corpus)):
        own = "#prio high\n\nA word of mine.\n\n" if place % 2 else ""
        raw = (corpus / "forwards" / row["path"]).read_bytes()
        source = email.message_from_bytes(raw, policy=email.policy.default)
        mails = send(bench, own + source.get_content(), subject=str(source["Subject"]))
        number = bench.numbers()[-1]
        ticket, thread = bench.ticket(number), bench.thread(number)
        assert ticket.requester.email == row["original_from"], row["path"]
        assert row["original_name"] in ("-", ticket.requester.name), row["path"]
        assert ticket.subject == row["original_subject"], row["path"]
        assert [kind for kind, _ in thread] == ["message", *(["note"] if own else [])], (row["path"], thread)
        assert not own or thread[1][1] == "A word of mine.", row["path"]
        texts.add("".join(thread[0][1].split()))
        theirs = to(mails, row["original_from"])
        assert "word of mine" not in theirs.everything, row["path"]
    assert len(bench.numbers()) == len(rows(corpus))
    assert len(texts) == 1, [text[:300] for text in texts]  # they all forward the same words
    assert texts.pop().startswith("Aeneanquisdiamurna.")


def test_a_colleague_for_whom_a_ticket_is_opened_is_told_once(bench):
    mails = send(bench, "#new ann\n\nHer chair is broken.", subject="Chair")
    assert [(mail.kind, mail.to) for mail in mails if mail.to == ANN] == [("opened-for-you", ANN)]
    assert bench.ticket().requester.email == ANN


def test_what_a_colleague_is_given_beside_it_they_hear(bench):
    mails = send(bench, "#new ann\n#assign ann\n\nHer chair is broken.", subject="Chair")
    assert {mail.kind for mail in mails if mail.to == ANN} == {"opened-for-you", "assigned"}
