"""Signatures are no text: as eleven mail programs write them, on the first mail and on any ticket."""

from __future__ import annotations

import re

import pytest

from tests.desk import CONFIG, ELLIOT, KAREN, Bench, Sent, outside, to
from tests.mail_programs import PROGRAMS, written

ELLIOT_, ANN_, KAREN_ = "elliot@bank.example", "ann@bank.example", "karen@client.example"
FORMAL = "Best regards\nElliot Alderson\nSupport Engineer, First Bank"
NAMELESS = "The Service Desk\nFirst Bank\n+1 555 010 1000"


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def alert(bench) -> Sent:
    return to(bench.send(KAREN, "The portal is down."), ELLIOT_)


def answer(bench: Bench, program: str, text: str, signature: str, mail: Sent) -> list[Sent]:
    return bench.send(ELLIOT, **written(program, text, signature, mail))


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("command", ["#claim", "#resolved", "#assign ann"])
def test_commands_above_a_signature_post_nothing_even_on_the_first_mail(bench, alert, program, command):
    sent = answer(bench, program, command, FORMAL, alert)
    assert [kind for kind, _ in bench.thread()] == ["message"]
    assert {mail.kind for mail in outside(sent)} <= {"status-changed"}
    assert not [mail for mail in sent if "Support Engineer" in mail.everything and mail.to == KAREN_]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_signature_without_any_text_is_no_answer(bench, alert, program):
    sent = answer(bench, program, "", FORMAL, alert)
    assert [kind for kind, _ in bench.thread()] == ["message"]
    assert not outside(sent)
    assert "the mail held no text and no command" in to(sent, ELLIOT_).text


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("language", ["Mit freundlichen Grüßen", "Cordialement,", "Un saludo"])
def test_formulas_of_the_shipped_languages(bench, alert, program, language):
    answer(bench, program, "#claim", f"{language}\nElliot Alderson", alert)
    assert [kind for kind, _ in bench.thread()] == ["message"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_two_mails_end_with_is_learned_for_every_ticket(bench, alert, program):
    answer(bench, program, "We look into it.", NAMELESS, alert)
    other = to(bench.send(KAREN, "And the app?", subject="App"), ELLIOT_)
    answer(bench, program, "That, too.", NAMELESS, other)
    third = to(bench.send(KAREN, "A card", subject="Card"), ELLIOT_)
    sent = answer(bench, program, "#resolve", NAMELESS, third)
    assert bench.thread(1003) == [("message", "A card")]
    assert {mail.kind for mail in outside(sent)} == {"status-changed"}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_text_above_a_signature_is_posted_once_and_signed_once(bench, alert, program):
    sent = to(answer(bench, program, "It works again.", FORMAL, alert), KAREN_)
    assert sent.kind == "reply"
    assert "It works again." in sent.text
    assert sent.text.count("Elliot Alderson") == 1
    assert sent.text.count("Support Engineer") == 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_leak_guard_does_not_fire_on_a_signature(bench, alert, program):
    answer(bench, program, "#note\n\nShe is difficult.", FORMAL, alert)
    sent = answer(bench, program, "It works again.", FORMAL, alert)
    assert [mail.kind for mail in outside(sent)] == ["reply"]


def test_the_leak_guard_still_fires_on_the_text_of_a_note_above_a_signature(bench, alert):
    answer(bench, "apple mail", "#note\n\nHer vendor password is hunter2, tell nobody.", FORMAL, alert)
    sent = answer(bench, "apple mail", "Her vendor password is hunter2, tell nobody.", FORMAL, alert)
    assert {mail.kind for mail in sent} == {"held"}


def test_a_logo_alone_is_posted_by_no_command_but_a_pasted_picture_is(bench, alert):
    answer(bench, "outlook classic", "#claim", FORMAL, alert)
    assert len(bench.thread()) == 1
    fields = written("outlook classic", "#reply", "", alert)
    fields["pictures"] = (("shot.png", "image/png", b"\x89PNG", "shot@1"),)
    fields["html"] = str(fields["html"]).replace("#reply", '#reply</p><p class="MsoNormal"><img src="cid:shot@1">')
    assert [mail.kind for mail in outside(bench.send(ELLIOT, **fields))] == ["reply"]


def test_a_picture_pasted_into_a_note_is_guarded_above_a_signature_with_a_logo(bench, alert):
    def with_picture(text):
        fields = written("outlook classic", text, FORMAL, alert)
        fields["pictures"] = (*fields.get("pictures", ()), ("shot.png", "image/png", b"\x89PNG secret", "shot@1"))
        last = text.rpartition("\n")[2]
        fields["html"] = str(fields["html"]).replace(last, f'{last}</p><p class="MsoNormal"><img src="cid:shot@1">', 1)
        return bench.send(ELLIOT, **fields)

    with_picture("#note\n\nHer screen.")
    assert {mail.kind for mail in with_picture("Like this.")} == {"held"}


@pytest.mark.parametrize("text", ["Thanks!", "Elliot, it works.", "Best regards from Ann", "Thanks\nElliot"])
def test_a_short_text_is_a_text(bench, alert, text):
    answer(bench, "mutt", text, "", alert)
    assert bench.thread()[-1] == ("reply", text)


def test_a_short_answer_that_ended_an_earlier_mail_is_an_answer(bench, alert):
    """Not one of its words tells who wrote it, and other mails end otherwise."""
    answer(bench, "mutt", "Hello Karen,\n\nfixed", "", alert)
    other = to(bench.send(KAREN, "And the app?", subject="App"), ELLIOT_)
    sent = answer(bench, "mutt", "#resolve\n\nfixed", "", other)
    assert bench.thread(1002)[-1] == ("reply", "fixed")
    assert [mail.kind for mail in outside(sent)] == ["reply"]


def test_one_line_with_which_most_mails_end_is_a_signature(bench, alert):
    for said in ("We look into it.", "Still at it."):
        answer(bench, "mutt", f"{said}\n\nThe Service Desk", "", alert)
    answer(bench, "mutt", "#resolve\n\nThe Service Desk", "", alert)
    assert [text for _, text in bench.thread()][1:] == [
        f"{said}\n\nThe Service Desk" for said in ("We look into it.", "Still at it.")
    ]


@pytest.mark.parametrize("program", ["k9", "gmail web"])
def test_a_command_below_the_signature_returns_the_mail(bench, alert, program):
    """The program put the signature above the place where the agent wrote on: #close would have reached Karen."""
    sent = answer(bench, program, "It works again.", "Elli\nRoom 12\n\n#close", alert)
    assert [(mail.to, mail.kind) for mail in sent] == [(ELLIOT_, "command-failed")]
    assert "commands go on top: “#close”" in " ".join(sent[0].text.lower().split())


def test_a_postscript_is_a_text(bench, alert):
    answer(bench, "mutt", "#claim\n\nRegards\nElliot\nPS: restart it twice", "", alert)
    assert bench.thread()[-1] == ("reply", "Regards\nElliot\nPS: restart it twice")


def test_a_delimited_signature_stands_below_a_reply_of_who_has_none_configured(bench, alert):
    sent = to(answer(bench, "k9", "Done.", "Elli\nRoom 12", alert), KAREN_)
    assert "Done.\n\nElli\nRoom 12\n" in sent.part("plain").replace("\r\n", "\n")
    assert "Elliot Alderson" not in sent.text


def test_a_configured_signature_goes_before_that_of_the_mail_program(tmp_path):
    bench = Bench(tmp_path, CONFIG.replace('name = "Elliot Alderson"', 'name = "Elliot Alderson"\nsignature = "E. A."'))
    alert = to(bench.send(KAREN, "Help"), ELLIOT_)
    sent = to(answer(bench, "k9", "Done.", "Elli\nRoom 12", alert), KAREN_)
    assert "E. A." in sent.text
    assert "Room 12" not in sent.text


@pytest.mark.parametrize("program", PROGRAMS)
def test_requesters_sign_below_their_own_commands_too(bench, program):
    first = bench.send(KAREN, "The portal is down.\n\nKind regards\nKaren Client\nClient Inc.")
    mail = to(first, KAREN_)
    bench.send(KAREN, **written(program, "#status", "Kind regards\nKaren Client\nClient Inc.", mail))
    assert len(bench.thread()) == 1
    bench.send(KAREN, **written(program, "#close", "K. C.\nClient Inc.", mail))
    assert bench.ticket().status == "closed"


def test_a_logo_below_a_signature_stays_in_the_page_and_is_no_attachment(tmp_path):
    bench = Bench(tmp_path)
    alert = to(bench.send(KAREN, "It does not open."), "elliot@bank.example")
    fields = written("outlook classic", "It opens again.", "Kind regards,\nElliot Alderson", alert)
    reply = to(bench.send(ELLIOT, str(fields.pop("text")), **fields), "karen@client.example")
    (logo,) = [part for part in reply.message.walk() if part.get_content_maintype() == "image"]
    assert logo.get_content_disposition() == "inline"
    assert f'src="cid:{logo["Content-ID"].strip("<>")}"' in reply.part("html")
    assert "image001.png" not in reply.text


def test_a_masked_agents_signature_leaves_the_desk_with_no_reply(tmp_path):
    masked = CONFIG.replace('[address."support@bank.example"]', '[address."support@bank.example"]\nfrom = "{address}"')
    bench = Bench(tmp_path, masked)
    alert = to(bench.send(KAREN, "It does not open."), ELLIOT_)
    said = "It works.\n\nBest regards,\nElliot Alderson\nTechnician"
    page = "<p>It <b>works</b>.</p><p>Best regards,<br>Elliot Alderson<br>Technician</p>"
    reply = to(bench.send(ELLIOT, said, answers=alert, html=page), "karen@client.example")
    assert "It works." in reply.text
    assert "<b>works</b>" in reply.part("html")
    assert not re.search("Elliot|Technician", reply.everything)
    bench.send(ELLIOT, f"#note\n\n{said}", answers=alert)
    assert bench.thread()[-1] == ("note", said), "colleagues know them"
