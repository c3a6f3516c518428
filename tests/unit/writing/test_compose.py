"""Who outgoing mail is from and to, how it is threaded, marked and sent."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import MARKER, Envelope
from mailgate.notice import Notice, NoticeKind, wire_size
from mailgate.phrase import Phrase
from mailgate.reading.body import read_body
from mailgate.reading.encodings.flowed import join
from mailgate.reading.parse import parse
from mailgate.rules.commands.syntax import read_commands
from mailgate.rules.notices.tables import found_listing, waiting_listing
from mailgate.rules.text.subject import CONFIDENTIAL, NO_SUBJECT, own_subject, strip_subject
from mailgate.rules.threading.keys import key_text
from mailgate.rules.threading.references import Reference, references
from mailgate.settings import Config
from mailgate.ticket import Address, Assignee, Collaborator, Status, Ticket
from mailgate.writing.compose import AUTO_REPLIED, NULL_SENDER, compose
from mailgate.writing.mail.flowed import flow
from mailgate.writing.mail.mime import base64_lines, readable
from tests.notices import (
    ANN,
    BUILT,
    CONFIG,
    ELLIOT,
    INVOICE,
    JANE,
    KAREN,
    KEYRING,
    MESSAGE,
    NOTE,
    NOW,
    PDF,
    RENDERER,
    TICKET,
    notice,
    whole,
    write,
)

K = NoticeKind
PLUS = replace(TICKET, address="plus@bank.example")


def read(made: Notice, config: Config = CONFIG) -> EmailMessage:
    written = compose(made, RENDERER.render(made, config, KEYRING, NOW), config, KEYRING, NOW)
    message = message_from_bytes(whole(written, {INVOICE.sha256: PDF}), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, subtype: str) -> str:
    found = message.get_body((subtype,))
    assert found is not None
    content = str(found.get_content()).replace("\r\n", "\n")
    return join(content) if subtype == "plain" else content


def raw_field(made: Notice, name: str) -> str:
    head = write(made).data.split(b"\r\n\r\n")[0].decode().replace("\r\n ", " ")
    return next(line.partition(": ")[2] for line in head.split("\r\n") if line.startswith(f"{name}: "))


# ── from and to ─────────────────────────────────────────────────────────────────────────


def test_a_requester_reads_the_agents_name_and_the_addresss():
    assert raw_field(notice(K.REPLY), "From") == '"Elliot Alderson (First Bank Support)" <support@bank.example>'


def test_an_agent_reads_whose_words_an_alert_carries():
    assert raw_field(notice(K.NEW_TICKET), "From") == "Karen Client via First Bank Support <support@bank.example>"
    nameless = notice(K.NEW_TICKET, by=Address("joe@client.example"))
    assert raw_field(nameless, "From") == '"joe@client.example via First Bank Support" <support@bank.example>'


@pytest.mark.parametrize("kind", [K.ACKNOWLEDGEMENT, K.STATUS_CHANGED, K.OVERDUE])
def test_mail_without_a_speaker_is_the_desks(kind: NoticeKind):
    assert raw_field(notice(kind, by=None), "From") == "First Bank Support <support@bank.example>"


def test_an_address_that_masks_agents_masks_them_in_from_and_signature_and_quotes():
    made = notice(K.REPLY, ticket=PLUS, by_agent="ann", by=ANN, text="Hello.")
    assert raw_field(made, "From") == "First Bank Cards <plus@bank.example>"
    assert "Ann Kimball" not in write(made).data.decode()


def test_an_agent_who_is_gone_from_the_configuration_is_not_named():
    assert raw_field(notice(K.REPLY, by_agent="gone"), "From") == "First Bank Support <support@bank.example>"


def test_the_departments_own_address_comes_before_the_tickets():
    moved = replace(TICKET, department="Systems Administrators")
    assert "systems@bank.example" in raw_field(notice(K.REPLY, ticket=moved), "From")


def test_an_address_that_is_gone_is_replaced_by_the_first():
    gone = replace(TICKET, address="gone@bank.example", department="gone")
    assert "<support@bank.example>" in raw_field(notice(K.REPLY, ticket=gone), "From")


def test_mail_without_a_ticket_is_from_the_address_that_was_written_to():
    assert "<plus@bank.example>" in raw_field(notice(K.REJECTED, address="plus@bank.example"), "From")
    assert "<support@bank.example>" in raw_field(notice(K.REJECTED), "From")


def test_requester_and_collaborators_see_each_other_and_each_copy_goes_to_one():
    to_karen = notice(K.REPLY, cc=(JANE,))
    to_jane = notice(K.REPLY, to=JANE, also_to=(KAREN,), cc=())
    alone = notice(K.REPLY, to=JANE, also_to=(KAREN,), cc=(JANE, KAREN))
    assert [raw_field(to_karen, name) for name in ("To", "Cc")] == [str(KAREN), str(JANE)]
    assert raw_field(to_jane, "To") == f"{JANE}, {KAREN}"
    assert [raw_field(alone, name) for name in ("To", "Cc")] == [str(KAREN), str(JANE)]
    assert [write(made).recipient for made in (to_karen, to_jane)] == [KAREN.email, JANE.email]
    assert write(to_karen).message_id != write(to_jane).message_id


def test_an_alert_is_to_that_agent_alone():
    message = read(notice(K.NEW_TICKET, cc=(JANE,), also_to=(ANN,)))
    assert message["to"] == str(ELLIOT)
    assert message["cc"] is None


# ── subject ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "kind", [kind for kind in BUILT if kind not in (K.REJECTED, K.LIMIT_REACHED, K.ADMIN, K.DIGEST, K.REPORT)]
)
def test_the_subject_is_the_same_for_every_kind(kind: NoticeKind):
    assert read(notice(kind, is_first=True))["subject"] == f"[#1001] {TICKET.subject}"
    assert read(notice(kind, is_first=False))["subject"] == f"Re: [#1001] {TICKET.subject}"


def test_a_ticket_without_a_subject_has_words_for_it():
    assert read(notice(K.NEW_TICKET, ticket=replace(TICKET, subject=" \r\n ")))["subject"] == "[#1001] (no subject)"


@pytest.mark.parametrize(
    ("language", "told"),
    [("de-AT", "(kein Betreff)"), ("fr", "(sans objet)"), ("es", "(sin asunto)"), ("it", NO_SUBJECT)],
)
def test_what_has_no_subject_is_called_so_in_the_readers_language(language: str, told: str):
    ticket = replace(TICKET, subject=NO_SUBJECT, language=language)
    assert read(notice(K.ACKNOWLEDGEMENT, ticket=ticket))["subject"] == f"[#1001] {told}"
    assert strip_subject(f"Re: [#1001] {told}", CONFIG.desk) == NO_SUBJECT
    assert own_subject(f"Re: {told}", ["Printer"], CONFIG.desk) == ""


def test_a_subject_that_is_not_shown_is_called_so_in_the_readers_language():
    hidden = replace(TICKET, subject=CONFIDENTIAL)
    german = replace(CONFIG, desk=replace(CONFIG.desk, language="de"))
    made = notice(K.NEW_TICKET, ticket=hidden)
    mail = compose(made, RENDERER.render(made, german, KEYRING, NOW), german, KEYRING, NOW)
    assert mail.subject.endswith("[#1001] (vertraulich)")
    assert read(made)["subject"].endswith("[#1001] (confidential)")
    assert own_subject("Re: [#1001] (vertraulich)", ["Printer"], CONFIG.desk) == ""


def test_what_has_no_subject_is_called_so_all_over_an_agents_mail():
    config = replace(CONFIG, desk=replace(CONFIG.desk, language="de"))
    none = replace(TICKET, subject=NO_SUBJECT, language="fr")
    listing = found_listing(Phrase("table.open"), (none,), "elliot", CONFIG)
    made = notice(K.NEW_TICKET, ticket=none, others=(replace(none, number=1002),), listings=(listing,))
    text = RENDERER.render(made, config, KEYRING, NOW).text
    assert text.count("(kein Betreff)") == 3
    assert "no subject" not in text.replace("%20", " ")


@pytest.mark.parametrize("subject", ["word " * 40, "x" * 200, "Störung " * 25, "日本語" * 70])
def test_subjects_of_two_hundred_characters_arrive_whole(subject: str):
    made = notice(K.ACKNOWLEDGEMENT, ticket=replace(TICKET, subject=subject))
    assert read(made)["subject"] == f"[#1001] {' '.join(subject.split())}"
    assert write(made).subject == f"[#1001] {' '.join(subject.split())}"


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (K.REJECTED, "Not accepted: Printer"),
        (K.LIMIT_REACHED, "Not accepted: Printer"),
        (K.CONFIRM, "Please confirm: Printer"),
        (K.COMMAND_FAILED, "Re: Printer"),
        (K.ANSWER, "Re: Printer"),
        (K.DELIVERY_FAILED, "Not delivered: Printer"),
        (K.ADMIN, "Printer"),
    ],
)
def test_mail_without_a_ticket_has_the_subject_of_its_template(kind: NoticeKind, subject: str):
    message = read(notice(kind, ticket=None, subject="Printer"))
    assert message["subject"] == subject
    assert read(notice(kind, ticket=None, subject="AW: Re: [#1001] Printer"))["subject"] == subject
    assert message["x-mailgate-ticket"] is None


@pytest.mark.parametrize("field", ["subject", "name", "fact", "text", "by"])
def test_no_value_of_a_notice_can_add_a_header_field(field: str):
    evil = "Printer\r\nBcc: all@victim.example\r\n\r\n<h1>"
    ticket = replace(TICKET, subject=evil if field == "subject" else "Printer")
    values: dict[str, object] = {
        "subject": {"ticket": ticket},
        "name": {"to": Address("elliot@bank.example", evil)},
        "fact": {"facts": (evil,)},
        "text": {"text": evil},
        "by": {"by": Address("karen@client.example", evil)},
    }[field]
    for kind in (K.NEW_TICKET, K.CONFIRM, K.COMMAND_FAILED):
        message = read(notice(kind, **values))
        assert message["bcc"] is None
        assert not message.defects
    rejected = read(notice(K.REJECTED, subject=evil))
    assert rejected["bcc"] is None
    assert rejected["subject"] == "Not accepted: Printer Bcc: all@victim.example <h1>"


@pytest.mark.parametrize("kind", K)
def test_a_mail_names_the_language_of_its_reader_unless_its_words_are_a_persons(kind: NoticeKind):
    agents = {key: replace(agent, language="de-AT") for key, agent in CONFIG.agents.items()}
    german = replace(CONFIG, desk=replace(CONFIG.desk, language="de"), agents=agents)
    said = {"facts": (Phrase("told.open"),)} if kind is K.ADMIN else {}
    made = notice(kind, ticket=replace(TICKET, language="fr") if kind.to_requester else TICKET, **said)
    named = read(made, german)["content-language"]
    expected = "fr" if kind.to_requester else "de"
    assert named == (None if kind in (K.REPLY, K.ASKED) else expected)


def test_what_the_daemon_tells_the_administrator_in_english_is_not_called_german():
    german = replace(CONFIG, desk=replace(CONFIG.desk, language="de"))
    made = notice(K.ADMIN, ticket=None, facts=("The relay is down.",))
    assert read(made, german)["content-language"] is None


FIELDS = set(read(notice(K.NEW_MESSAGE)).keys())
ANYTHING = st.text(st.characters(), max_size=120)


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_whatever_people_write_the_mail_has_the_same_fields_and_no_defect(
    subject: str, name: str, text: str, fact: str
):
    ticket = replace(TICKET, subject=subject, requester=Address(KAREN.email, name))
    made = notice(
        K.NEW_MESSAGE,
        ticket=ticket,
        by=Address(KAREN.email, name),
        to=Address("a@b.example", name),
        text=text,
        facts=(fact,),
    )
    message = read(made)
    assert set(message.keys()) == FIELDS
    assert not [defect for each in message.walk() for defect in each.defects]
    assert message["to"].addresses[0].addr_spec == "a@b.example"
    assert join(flow(readable(text).strip("\n"))) in part(message, "plain")


# ── threading ───────────────────────────────────────────────────────────────────────────


def test_references_begin_with_the_anchor_and_end_with_what_is_answered():
    ids = [f"<{number}@client.example>" for number in range(20)]
    made = notice(K.NEW_MESSAGE, references=tuple(ids), in_reply_to="<5@client.example>")
    found = raw_field(made, "References").split(" ")
    assert found == [KEYRING.anchor(1001), *ids[12:], "<5@client.example>"]
    assert raw_field(made, "In-Reply-To") == "<5@client.example>"


def test_long_ids_stay_whole():
    long = f"<{'x' * 120}@{'y' * 60}.example>"
    made = notice(K.NEW_MESSAGE, references=(long,), in_reply_to=long)
    assert raw_field(made, "In-Reply-To") == long
    assert raw_field(made, "References") == f"{KEYRING.anchor(1001)} {long}"


def test_what_is_no_message_id_is_left_out():
    message = read(notice(K.NEW_MESSAGE, references=("nonsense", "<a b@c>\r\nX: y"), in_reply_to="nonsense"))
    assert message["in-reply-to"] is None
    assert str(message["references"]) == KEYRING.anchor(1001)
    assert read(notice(K.ADMIN))["references"] is None


def test_an_agents_key_never_goes_to_a_requester():
    theirs = KEYRING.notice_id(1001, ELLIOT.email, K.NEW_TICKET, "x", NOW.date())
    own = KEYRING.notice_id(1001, KAREN.email, K.ACKNOWLEDGEMENT, "x", NOW.date())
    made = notice(K.REPLY, references=(theirs, own), in_reply_to=theirs)
    assert key_text(theirs) not in write(made).data.decode()
    assert raw_field(made, "References") == f"{KEYRING.anchor(1001)} {own}"


def test_the_message_id_is_the_persons_own_and_comes_from_the_cause():
    made = notice(K.NEW_TICKET)
    key = KEYRING.read(write(made).message_id)
    assert key is not None
    assert (key.ticket, key.kind) == (1001, K.NEW_TICKET)
    assert KEYRING.is_for(key, ELLIOT.email)
    assert write(made).message_id == write(replace(made, text="other")).message_id
    assert write(made).message_id != write(replace(made, cause="other")).message_id


# ── keys in alerts ──────────────────────────────────────────────────────────────────────


def test_without_plus_addresses_the_key_is_a_line_below_the_marker_and_in_every_link():
    made = notice(K.NEW_TICKET)
    key = key_text(write(made).message_id)
    text = part(read(made), "plain")
    assert raw_field(made, "Reply-To") == "support@bank.example"
    assert text.index(MARKER) < text.index(f"\nRef: {key}\n")
    assert text.count(f"%0D%0ARef%3A%20{key}%0D%0A") == text.count("mailto:") - 1 == 5
    assert text.count(f"body=%0D%0A%0D%0ARef%3A%20{key}.n%0D%0A") == 1, "the note's mail is empty"


def test_with_plus_addresses_the_key_is_in_reply_to_and_in_every_link():
    made = notice(K.NEW_TICKET, ticket=PLUS)
    key = key_text(write(made).message_id)
    text = part(read(made), "plain")
    assert raw_field(made, "Reply-To") == f"plus+k{key}@bank.example"
    assert text.count(f"mailto:plus+k{key}@bank.example?") == 5
    assert re.search(rf"mailto:plus\+k{key}\.n@bank\.example\?subject=\S+&body=$", text, re.MULTILINE)
    assert "Ref:" not in text


def test_the_administrator_gets_no_key_for_what_nobody_answers():
    assert "Ref:" not in part(read(notice(K.ADMIN)), "plain")
    assert "Ref:" in part(read(notice(K.ANSWER, ticket=None)), "plain")


def test_requesters_answer_to_the_plain_address():
    assert raw_field(notice(K.REPLY, ticket=PLUS), "Reply-To") == "plus@bank.example"


def links(made: Notice) -> list[str]:
    text = part(read(made), "plain")
    return re.findall(r"(?m)^\[\d+\] (.+): mailto:", text)


@pytest.mark.parametrize(
    ("status", "assignee", "offered"),
    [
        (Status.OPEN, None, ["Note", "Claim", "Resolve", "Close", "Spam"]),
        (Status.PENDING, Assignee("team", "elliot"), ["Note", "Claim", "Resolve", "Close", "Spam"]),
        (Status.OPEN, Assignee("agent", "elliot"), ["Note", "Resolve", "Close", "Spam"]),
        (Status.RESOLVED, None, ["Note", "Claim", "Reopen", "Close", "Spam"]),
        (Status.CLOSED, None, ["Note", "Claim", "Reopen", "Spam"]),
    ],
)
def test_links_offer_what_can_be_done(status: Status, assignee: Assignee | None, offered: list[str]):
    assert links(notice(K.NEW_MESSAGE, ticket=replace(TICKET, status=status, assignee=assignee))) == offered


def test_a_notices_own_links_come_first_and_end_in_end():
    made = notice(K.ANSWER, answers=(), links=(("Send it", "#reply\n\nHello & bye"), ("Ready", "#close\n#end\n")))
    text = part(read(made), "plain")
    assert links(made)[:2] == ["Send it", "Ready"]
    assert "body=%23reply%0D%0A%0D%0AHello%20%26%20bye%0D%0A%23end%0D%0A" in text
    assert "body=%23close%0D%0A%23end%0D%0A%0D%0ARef" in text


def test_somebody_who_is_no_agent_gets_rows_without_links():
    table = waiting_listing(Phrase("table.overdue"), [TICKET], {}, "", CONFIG)
    made = notice(K.OVERDUE, ticket=None, agent="", to=KAREN, subject="1 ticket", facts=("Late.",), listings=(table,))
    assert f"#{TICKET.number}" in part(read(made), "plain")
    assert links(made) == []


def tapped(made: Notice, label: str) -> tuple[list[str], tuple[str, ...], list[Reference]]:
    """What the desk reads when an agent taps a link and sends the mail with a signature: verbs, text, tickets named."""
    line = next(line for line in part(read(made), "plain").split("\n") if f"] {label}: " in line)
    link = urlsplit(line.partition(": ")[2])
    fields = parse_qs(link.query)
    raw = f"From: elliot@bank.example\r\nTo: {unquote(link.path)}\r\nSubject: {fields['subject'][0]}\r\n\r\n"
    mail = parse(f"{raw}{fields['body'][0]}\r\nRegards\r\nElliot".encode())
    body = read_body(mail)
    commands = read_commands(body.lines)
    assert not commands.problems
    envelope = Envelope("elliot@bank.example", (unquote(link.path),))
    return (
        [command.verb for command in commands.commands],
        commands.rest,
        list(references(mail, body, envelope, KEYRING, CONFIG)),
    )


@pytest.mark.parametrize("ticket", [TICKET, PLUS])
@pytest.mark.parametrize(("label", "verb"), [("Claim", "assign"), ("Resolve", "status"), ("Close", "status")])
def test_a_tapped_link_is_read_as_its_command_on_this_ticket_with_this_key(ticket: Ticket, label: str, verb: str):
    made = notice(K.NEW_TICKET, ticket=ticket)
    verbs, text, named = tapped(made, label)
    assert verbs == [verb]
    assert not "".join(text).strip()
    assert [each.key.text for each in named if each.key] == [key_text(write(made).message_id)]


def test_a_tapped_link_of_a_closed_ticket_reopens_it():
    assert tapped(notice(K.STATUS, ticket=replace(TICKET, status=Status.CLOSED)), "Reopen")[0] == ["status"]


def test_a_confirm_offers_its_code_and_nothing_else():
    assert links(notice(K.CONFIRM)) == ["Confirm"]
    assert links(notice(K.CONFIRM, code="")) == []


def test_html_and_text_hold_the_same_links():
    message = read(notice(K.NEW_TICKET))
    html = part(message, "html").replace("&amp;", "&")
    hrefs = re.findall(r"mailto:\S+", part(message, "plain"))
    assert hrefs
    assert all(f'href="{href}"' in html for href in hrefs)


# ── where an answer goes ────────────────────────────────────────────────────────────────


def first_line(made: Notice) -> str:
    return part(read(made), "plain").split("\n")[2]


def test_the_first_line_of_an_alert_says_where_an_answer_goes():
    assert first_line(notice(K.NEW_TICKET)) == "Your answer goes to Karen Client (public reply)."
    assert first_line(notice(K.OVERDUE)) == "Your answer stays an internal note."
    one = replace(TICKET, collaborators=(Collaborator("j@x.example"), Collaborator("k@x.example", active=False)))
    two = replace(TICKET, collaborators=(Collaborator("j@x.example"), Collaborator("k@x.example")))
    said = "Your answer goes to Karen Client, with copies to {} (public reply)."
    assert first_line(notice(K.NEW_MESSAGE, ticket=one)) == said.format("j@x.example")
    assert first_line(notice(K.NEW_MESSAGE, ticket=two)) == said.format("j@x.example, k@x.example")


WAITS = replace(TICKET, waiting_since=NOW, assignee=Assignee("agent", "elliot"))
OF_ASSIGNEE = (K.ASSIGNED, K.TRANSFERRED, K.REMINDER, K.OVERDUE, K.ESCALATED)


def public(made: Notice) -> bool:
    """Whether an answer is public, by the key; the first line and the links agree with it."""
    found = KEYRING.read(write(made).message_id)
    line, offered = first_line(made), links(made)
    assert found.public == line.endswith("(public reply).")
    assert ("Answer Karen Client" in offered) != found.public
    assert "Note" in offered or made.kind is K.TAKEN
    return found.public


@pytest.mark.parametrize("kind", OF_ASSIGNEE)
def test_the_assignees_alert_is_public_while_the_requester_waits(kind: NoticeKind):
    assert public(notice(kind, ticket=WAITS))
    assert not public(notice(kind, ticket=replace(WAITS, waiting_since=None)))
    assert not public(notice(kind, ticket=replace(WAITS, assignee=Assignee("agent", "ann"))))
    assert not public(notice(kind, ticket=replace(WAITS, assignee=None)))
    team = next(name for name, team in CONFIG.teams.items() if "elliot" in team.members)
    assert public(notice(kind, ticket=replace(WAITS, assignee=Assignee("team", team))))
    assert not public(notice(kind, ticket=replace(WAITS, assignee=Assignee("team", "gone"))))


@pytest.mark.parametrize("kind", [K.NOTE, K.TAKEN, K.STATUS, K.DELIVERY_FAILED, K.COMMAND_FAILED, K.ANSWER])
def test_any_other_alert_is_a_note_with_a_link_that_answers(kind: NoticeKind):
    assert not public(notice(kind, ticket=WAITS))


@pytest.mark.parametrize(
    ("may", "said", "offered"),
    [
        (("note",), "Your answer stays an internal note.", ["Note"]),
        (("reply",), "Your answer goes to Karen Client (public reply).", []),
        (("reply", "status"), "Your answer goes to Karen Client (public reply).", ["Resolve"]),
        ((), "Your role in Support lets you read this ticket, but neither answer nor write notes.", []),
    ],
)
def test_nobody_is_promised_or_offered_what_their_role_cannot_do(may, said: str, offered: list[str]):
    role = replace(CONFIG.roles["All Access"], may=frozenset(may))
    config = replace(CONFIG, roles={**CONFIG.roles, "All Access": role})
    made = notice(K.NEW_TICKET, ticket=WAITS)
    rendered = RENDERER.render(made, config, KEYRING, NOW)
    assert rendered.text.split("\n")[2] == said
    assert re.findall(r"(?m)^\[\d+\] (.+): mailto:", rendered.text)[: len(offered)] == offered
    assert KEYRING.read(rendered.message_id).public == (may != ("note",)), "a text is refused as the reply that it is"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            (
                "Your role in Support lets you write no notes: "
                "an answer to this mail is returned unless #reply stands on top of it."
            ),
        ),
        (
            "de",
            (
                "Mit Ihrer Rolle in Support können Sie keine Notizen schreiben: "
                "Eine Antwort auf diese E-Mail kommt zurück, wenn nicht #reply darüber steht."
            ),
        ),
    ],
)
def test_who_may_reply_but_write_no_notes_is_not_told_that_they_cannot_answer(language: str, said: str):
    role = replace(CONFIG.roles["All Access"], may=frozenset({"reply"}))
    elliot = replace(CONFIG.agents["elliot"], language=language)
    config = replace(CONFIG, roles={**CONFIG.roles, "All Access": role}, agents={**CONFIG.agents, "elliot": elliot})
    rendered = RENDERER.render(notice(K.NOTE, ticket=WAITS), config, KEYRING, NOW)
    assert rendered.text.split("\n")[2] == said
    assert KEYRING.read(rendered.message_id).public is False


def test_an_alert_to_somebody_who_is_no_agent_promises_and_offers_nothing():
    made = notice(K.NEW_TICKET, to=Address("boss@bank.example"), agent="")
    text = part(read(made), "plain")
    assert "mailto:" not in text
    assert "Ref:" not in text
    assert "Your answer" not in text
    assert "#assign" not in text


# ── marks and envelope ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", BUILT)
def test_machine_mail_says_so_and_a_persons_reply_does_not(kind: NoticeKind):
    message = read(notice(kind))
    assert message["x-mailgate-notice"] == kind
    if kind in (K.REPLY, K.ASKED):
        assert message["auto-submitted"] is None
        assert message["x-auto-response-suppress"] is None
    else:
        assert message["auto-submitted"] == ("auto-replied" if kind in AUTO_REPLIED else "auto-generated")
        assert message["x-auto-response-suppress"] == "DR, RN, NRN, OOF, AutoReply"


@pytest.mark.parametrize("kind", BUILT)
def test_bounces_come_back_save_of_mail_whose_bounce_would_help_nobody(kind: NoticeKind):
    ticket = None if notice(kind).ticket is None else TICKET
    assert write(notice(kind, ticket=ticket)).mail_from == ("" if kind in NULL_SENDER else "support@bank.example")


def test_signed_envelope_senders_where_the_relay_allows_them():
    config = replace(CONFIG, relays=(replace(CONFIG.relays[0], envelope="verp"),))
    made = notice(K.REPLY)
    sent = compose(made, RENDERER.render(made, config, KEYRING, NOW), config, KEYRING, NOW)
    key = KEYRING.read_verp(sent.mail_from)
    assert key is not None
    assert key.text == key_text(sent.message_id)


# ── attachments ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [kind for kind in BUILT if kind.to_requester])
def test_requesters_get_files_with_an_agents_words_only(kind: NoticeKind):
    names = [found.get_filename() for found in read(notice(kind, attachments=(INVOICE,))).iter_attachments()]
    assert names == (["invoice.pdf"] if kind in (K.REPLY, K.OPENED_FOR_YOU, K.ASKED) else [])


def test_files_are_named_where_they_belong_and_not_read():
    """Fifty agents get one file: it stands in no mail of theirs until it goes out."""
    mail = write(notice(K.NEW_TICKET, attachments=(INVOICE,)))
    (file,) = mail.files
    assert (file.sha256, file.size) == (INVOICE.sha256, INVOICE.size)
    assert mail.data[: file.at].endswith(b"\r\n\r\n")
    assert mail.data[file.at :].startswith(b"\r\n--=_")
    assert mail.size == len(mail.data) + wire_size(INVOICE.size)
    assert whole(mail, {INVOICE.sha256: PDF}) == mail.data[: file.at] + base64_lines(PDF) + mail.data[file.at :]


# ── what an alert shows first ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [K.ASSIGNED, K.TRANSFERRED, K.STATUS, K.OVERDUE, K.ESCALATED, K.REMINDER])
def test_an_alert_about_a_ticket_begins_with_its_requesters_newest_message(kind: NoticeKind):
    older = replace(MESSAGE, text="It was slow before.")
    text = part(read(notice(kind, history=(NOTE, MESSAGE, older))), "plain")
    places = [
        text.index(each)
        for each in ("Nobody can log in", "Requester:", "Conversation, newest first", "the vendor knows")
    ]
    assert places == sorted(places)
    assert text.count("Nobody can log in") == 1
    assert "> It was slow before." in text


def test_an_alert_with_words_of_its_own_has_the_others_below():
    text = part(read(notice(K.NOTE, history=(MESSAGE,))), "plain")
    assert (
        text.index("Look at the load balancer")
        < text.index("Earlier, newest first")
        < text.index("> Nobody can log in")
    )
    assert "Conversation" not in part(read(notice(K.OVERDUE, history=(NOTE,))), "plain")


def test_the_card_of_an_alert_leaves_out_what_most_tickets_have():
    text = part(read(notice(K.OVERDUE)), "plain")
    assert [line.partition(":")[0] for line in text.splitlines() if re.match(r"[A-Z][\w ]+: {2,}", line)] == [
        "Requester",
        "Due",
        "Opened",
    ]
    unusual = replace(TICKET, department="Maintenance", priority="High", status=Status.PENDING)
    text = part(read(notice(K.OVERDUE, ticket=unusual)), "plain")
    assert all(f"\n{row}" in text for row in ("Department:", "Priority:", "Status:"))


def test_a_desk_may_do_without_the_line_above_which_to_answer():
    config = replace(CONFIG, desk=replace(CONFIG.desk, marker=False))
    for made in (notice(K.NEW_TICKET), notice(K.REPLY)):
        rendered = RENDERER.render(made, config, KEYRING, NOW)
        assert MARKER not in rendered.text + rendered.html
        assert not rendered.text.startswith("\n")


def test_a_name_that_is_an_address_is_shown_with_the_true_one():
    mallory = Address("mallory@evil.example", "boss@bank.example")
    made = notice(K.NEW_TICKET, ticket=replace(TICKET, requester=mallory), by=mallory)
    assert "New ticket [#1001] from boss@bank.example <mallory@evil.example>." in part(read(made), "plain")
    assert "boss@" not in raw_field(made, "From")
    assert "mallory@evil.example via " in raw_field(made, "From")
    same = Address("karen@client.example", "Karen@Client.example")
    text = part(read(notice(K.NEW_TICKET, ticket=replace(TICKET, requester=same), by=same)), "plain")
    assert "from Karen@Client.example." in text
