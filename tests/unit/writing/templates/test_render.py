"""Templates: where they are looked for, what they may do, how errors in them are told."""

from __future__ import annotations

import os
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.notice import Notice, NoticeKind
from mailgate.ticket import Actor, Address, Assignee, Entry, Ticket
from mailgate.writing.templates.folders import Folder
from mailgate.writing.templates.render import Renderer, shipped
from mailgate.writing.templates.sandbox import direction, inline, lines, paragraphs, quoted
from mailgate.writing.templates.specimens import specimens
from mailgate.writing.views.formatting import size
from mailgate.writing.views.views import AgentView, Rendered, RequesterView
from tests.notices import (
    ANN,
    BUILT,
    CONFIG,
    ENGLISH,
    FULL,
    INVOICE,
    KEYRING,
    MESSAGE,
    NOTE,
    NOW,
    TICKET,
    UTC,
    notice,
    put,
)

K = NoticeKind


def render(folder: Path | None, kind: NoticeKind = K.NEW_TICKET, **values: object) -> Rendered:
    renderer = Renderer((folder,) if folder else ())
    return renderer.render(notice(kind, **values), CONFIG, KEYRING, NOW)


# ── shipped templates ───────────────────────────────────────────────────────────────────


def test_every_built_kind_has_text_and_html():
    assert {path.stem for path in shipped().glob("[!_]*.txt")} == set(BUILT)
    assert {path.stem for path in shipped().glob("[!_]*.html")} == set(BUILT)


def test_the_shipped_templates_are_without_fault():
    assert Renderer((shipped(),)).check() == ()


def test_html_has_no_remote_content_and_no_script():
    for kind in BUILT:
        html = render(None, kind).html
        for wrong in ("http:", "https:", "src=", "url(", "<script", "@import", "<img"):
            assert wrong not in html


def test_html_names_its_colour_schemes_and_its_language():
    html = render(None).html
    assert '<html lang="en">' in html
    assert "prefers-color-scheme: dark" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert 'scope="row"' in html


@pytest.mark.parametrize("kind", BUILT)
def test_what_a_stranger_wrote_is_text_in_html(kind: NoticeKind):
    evil = "<script>alert(1)</script>\"'><a href='x' onclick=y>"
    ticket = replace(FULL, subject=evil, tags=(evil,), fields={evil: evil})
    values = {"text": evil, "facts": (evil,), "attachments": (replace(INVOICE, name=evil),), "subject": evil}
    html = render(None, kind, ticket=ticket, history=(replace(MESSAGE, text=evil),), **values).html
    assert "<script>" not in html
    assert "<a href='x'" not in html


def test_what_a_stranger_wrote_is_never_a_template():
    found = render(None, text="{{ marker }}{% include '_agent.txt' %}", facts=("{{ 7 * 7 }}",))
    assert "{{ marker }}{% include '_agent.txt' %}" in found.text
    assert "{{ 7 * 7 }}" in found.text


def test_a_view_for_requesters_has_no_field_for_internal_values():
    public = {field.name for field in fields(RequesterView)}
    assert not public & {
        "ticket",
        "history",
        "links",
        "ref",
        "code",
        "priority",
        "sla",
        "assignee",
        "department",
        "tags",
    }
    assert {"ticket", "history", "links", "ref"} <= {field.name for field in fields(AgentView)}


# ── words ───────────────────────────────────────────────────────────────────────────────


def test_an_alert_tells_all_that_the_ticket_has_in_the_agents_own_time_zone():
    text = render(None, ticket=FULL, to=ANN.__class__(ANN.email, ANN.name), agent="ann", history=(NOTE,)).text
    for line in (
        "Requester:       Karen Client <karen@client.example>",
        "Collaborators:   Jane Doe, SECRET-inactive (gets nothing yet)",
        "Status:          pending until Mon 23 Nov 2026, 15:30 CET",
        "Assigned to:     SECRET-Online Banking",
        "First answer by: Fri 20 Nov 2026, 16:30 CET",
        "Due:             Sat 21 Nov 2026, 08:30 CET (overdue)",
        "Opened:          Fri 20 Nov 2026, 14:30 CET",
        "Tags:            SECRET-portal",
        "Linked:          [#990]",
        "Phone:           SECRET-555 0100",
        "Ann Kimball, Fri 20 Nov 2026, 15:10 CET (internal note):",
        ">     traceroute 10.0.0.1",
        "Attached: invoice.pdf, 120 kB",
    ):
        assert f"\n{line}\n" in text


def test_an_answered_ticket_shows_no_time_for_the_first_answer():
    assert "First answer by" not in render(None, ticket=replace(FULL, first_response_at=NOW)).text


def test_an_agent_who_is_gone_is_shown_by_key():
    from_config = replace(TICKET, assignee=TICKET.assignee or FULL.assignee.__class__("agent", "gone"))  # type: ignore[union-attr]
    assert "Assigned to:     gone" in render(None, ticket=from_config).text


def test_a_long_earlier_entry_is_cut():
    long = replace(MESSAGE, text="word " * 1000)
    text = render(None, history=(long,)).text
    assert text.count("word") == 300
    assert "word …" in text


def test_endless_words_are_cut_in_alerts_and_acknowledgements_but_never_in_a_reply():
    long = "word " * 50_000
    assert 99_000 < len(render(None, text=long).text) < 105_000
    assert 9_900 < len(render(None, K.ACKNOWLEDGEMENT, text=long).text) < 11_000
    assert long.strip() in render(None, K.REPLY, text=long).text


@pytest.mark.parametrize(
    ("agent", "text", "signature"),
    [
        ("ann", "Hello.", "Ann Kimball\nFirst Bank, card services\nFirst Bank Support\nMonday to Friday, 8 to 17"),
        ("elliot", "Hello.", "Elliot Alderson\nFirst Bank Support\nMonday to Friday, 8 to 17"),
        ("elliot", "Hello.\n\nRegards,\nElliot", "First Bank Support\nMonday to Friday, 8 to 17"),
        ("", "Hello.", "First Bank Support\nMonday to Friday, 8 to 17"),
    ],
)
def test_a_reply_is_signed_once(agent: str, text: str, signature: str):
    found = render(None, K.REPLY, by_agent=agent, text=text, attachments=()).text
    assert f"\n\n{text}\n\n{signature}\n\n-- \n" in found


def test_a_department_that_is_not_public_signs_nothing():
    assert "SECRET" not in render(None, K.REPLY, ticket=FULL).text
    assert "SECRET" not in render(None, K.REPLY, ticket=replace(FULL, department="gone")).text


def test_a_reply_quotes_public_entries_only_and_masked_agents_not_at_all():
    answer = Entry(kind=MESSAGE.kind.__class__.REPLY, by=Actor.agent("ann"), author=ANN, at=NOW, text="Our answer.")
    found = render(None, K.REPLY, history=(NOTE, answer, MESSAGE)).text
    assert "> Our answer." in found
    assert "> Nobody can log in since 9.\n>\n> Please hurry." in found
    assert "SECRET-note" not in found
    masked = render(None, K.REPLY, history=(answer, MESSAGE), ticket=replace(TICKET, address="plus@bank.example")).text
    assert "Our answer" not in masked
    assert "> Please hurry." in masked


@given(st.text())
def test_paragraphs_hold_every_visible_character_as_text(text: str):
    html = str(paragraphs(text))
    inside = (
        html.replace(' dir="rtl"', "")
        .replace('<p style="margin:0 0 16px">', "")
        .replace("</p>", "")
        .replace("<br>\n", "")
    )
    assert "<" not in inside
    assert len(html) >= len(text.replace("\n", "").strip())


def test_paragraphs_keep_breaks_and_indentation():
    assert str(paragraphs("a\n  b\n\n\nc")) == (
        '<p style="margin:0 0 16px">a<br>\n&nbsp; b</p>\n<p style="margin:0 0 16px">c</p>'
    )


@pytest.mark.parametrize(
    ("text", "rtl"),
    [
        ("السلام عليكم، HP 4000", True),
        ("> 3. שלום", True),
        ("<< «سلام» & John", True),
        ("HP 4000: الطابعة", False),
        ("3 × 4", False),
        ("Größe", False),
        ("日本語", False),
        ("", False),
    ],
)
def test_text_goes_in_the_direction_of_its_first_letter(text: str, rtl: bool):
    assert str(direction(text)) == (' dir="rtl"' if rtl else "")
    assert ('<p dir="rtl"' in paragraphs(text)) is rtl


def test_each_paragraph_has_its_own_direction_and_short_text_keeps_its_own():
    said = str(paragraphs("سلام & <b>\n\nJohn"))
    assert said == '<p dir="rtl" style="margin:0 0 16px">سلام &amp; &lt;b&gt;</p>\n<p style="margin:0 0 16px">John</p>'
    assert str(inline("<שלום>")) == '<span dir="rtl">&lt;שלום&gt;</span>'
    assert str(inline("<a>")) == "&lt;a&gt;"
    assert str(lines("שלום\n<b>")) == '<span dir="rtl" style="display:block">שלום<br>\n&lt;b&gt;</span>'


@pytest.mark.parametrize("kind", [K.REPLY, K.ASKED, K.NEW_TICKET])
def test_a_formatted_text_from_right_to_left_is_shown_so(kind: NoticeKind):
    ticket = replace(TICKET, subject="مشكلة (عاجل)!")
    found = render(None, kind, text="سلام, Karen", html="<p>سلام, Karen</p>", ticket=ticket).html
    assert re.search(r'<div[^>]* dir="rtl"[^>]*>\s*<p>سلام', found)
    assert kind.to_requester or '[#1001] <span dir="rtl">مشكلة (عاجل)!</span>' in found
    assert 'dir="rtl"' not in render(None, kind, text="Hi سلام", html="<p>Hi سلام</p>").html


def test_quoted_text_has_a_mark_before_each_line():
    assert quoted("a\n\nb") == "> a\n>\n> b"


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (120_345, "120 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (3_449_999, "3.4 MB"),
    ],
)
def test_sizes_are_decimal(octets: int, shown: str):
    assert ENGLISH.text(size(octets), UTC) == shown


# ── the administrator's templates ───────────────────────────────────────────────────────


def test_the_administrators_text_comes_first_and_the_shipped_html_does_not_contradict_it(tmp_path: Path):
    found = render(put(tmp_path, "new-ticket.txt", "Mine: {{ ticket.token }}\n\nwas that a header?"))
    assert found.text == "was that a header?\n"
    assert found.html == ""


def test_html_alone_may_be_replaced(tmp_path: Path):
    found = render(
        put(tmp_path, "new-ticket.html", "<p>{{ ticket.subject }} &amp;"), ticket=replace(TICKET, subject="a<b")
    )
    assert found.html == "<p>a&lt;b &amp;\n"
    assert found.text == render(None, ticket=replace(TICKET, subject="a<b")).text


def test_a_set_and_a_language_are_looked_up_from_the_particular_to_the_general(tmp_path: Path):
    places = ["reply.txt", "de/reply.txt", "billing/reply.txt", "billing/de/reply.txt"]
    ticket = replace(TICKET, template="billing", language="de")
    for place in places:
        put(tmp_path, place, f"from {place}")
        assert render(tmp_path, K.REPLY, ticket=ticket).text == f"from {place}\n"
    assert render(tmp_path, K.REPLY, ticket=replace(ticket, template="")).text == "from de/reply.txt\n"
    assert render(tmp_path, K.REPLY).text == "from reply.txt\n"


def test_a_template_may_extend_the_shipped_layout_or_replace_it(tmp_path: Path):
    put(tmp_path, "taken.txt", '{% extends "_agent.txt" %}{% block happened %}Hands off.{% endblock %}')
    assert "Hands off." in render(tmp_path, K.TAKEN).text
    put(tmp_path, "_agent.txt", "only {% block happened %}{% endblock %}")
    assert render(tmp_path, K.TAKEN).text == "only Hands off.\n"


@pytest.mark.parametrize("name", ["../secret", "a/b", "..", "a\\b", ".hidden"])
def test_a_set_or_language_is_never_a_way_out_of_the_folder(tmp_path: Path, name: str):
    put(tmp_path, "secret/reply.txt", "stolen")
    put(tmp_path, "own/a/b/reply.txt", "stolen")
    put(tmp_path, "own/.hidden/reply.txt", "stolen")
    folder = tmp_path / "own"
    found = render(folder, K.REPLY, ticket=replace(TICKET, template=name, language=name))
    assert "stolen" not in found.text
    assert found.problem == ""


def test_header_lines_set_fields_and_the_subject_of_mail_without_a_ticket(tmp_path: Path):
    source = "Subject: No: {{ subject }}\nX-Desk: {{ desk }}\nX-Empty:\nImportance: low\n\nBody of {{ name }}"
    found = render(put(tmp_path, "rejected.txt", source), K.REJECTED, subject="a\r\nBcc: b")
    assert found.subject == "No: a Bcc: b"
    assert found.headers == (("X-Desk", "First Bank Help Desk"), ("Importance", "low"))
    assert found.text == "Body of Karen Client\n"


def test_lines_that_no_empty_line_ends_are_the_body(tmp_path: Path):
    found = render(put(tmp_path, "reply.txt", "Note: this is\nAll: of it"), K.REPLY)
    assert (found.text, found.headers) == ("Note: this is\nAll: of it\n", ())


@pytest.mark.parametrize(
    "name",
    ["From", "Bcc", "Message-ID", "References", "Auto-Submitted", "X-Mailgate-Ticket", "X-Auto-Response-Suppress"],
)
def test_header_lines_that_would_steer_the_mail_are_refused(tmp_path: Path, name: str):
    put(tmp_path, "reply.txt", f"{name}: x\n\nbody")
    assert render(tmp_path, K.REPLY).headers == ()
    (problem,) = Renderer((tmp_path,)).check()
    assert name in problem.what


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ desk.__class__ }}",
        "{{ ticket.rows.__class__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ files.__init__.__globals__ }}",
        "{{ '{0.__class__}'.format(desk) }}",
        "{% include '/etc/passwd' %}",
        "{% include '../../pyproject.toml' %}",
        "{{ range(99999999) | list }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% set x = facts.append('y') %}",
    ],
)
def test_escapes_from_the_sandbox_are_refused_and_the_shipped_template_is_used(tmp_path: Path, attack: str):
    put(tmp_path, "new-ticket.txt", f"got {attack}")
    found = render(tmp_path)
    assert found.text == render(None).text
    assert found.problem.startswith("template new-ticket: ")
    assert Renderer((tmp_path,)).check()


def test_a_template_that_fails_is_answered_by_the_shipped_one(tmp_path: Path):
    put(tmp_path, "new-ticket.txt", "{{ tiket.number }}")
    found = render(tmp_path)
    assert found.text == render(None).text
    assert found.html == render(None).html
    assert "tiket" in found.problem


@pytest.mark.parametrize("kind", K)
def test_every_kind_is_shipped_as_text_and_html(kind):
    found = render(None, kind)
    assert found.text
    assert found.html
    assert not found.problem


def test_check_tells_every_fault_with_file_and_line(tmp_path: Path):
    put(tmp_path, "reply.txt", "X-A: b\n\nfine\n{{ text }\n")
    put(tmp_path, "note.txt", "fine\n\n{{ tiket }}\n")
    put(tmp_path, "billing/note.html", "{% if %}")
    put(tmp_path, "_broken.txt", "{% block %}")
    put(tmp_path, "acknowledgment.txt", "Hello")
    put(tmp_path, "zzzz.html", "Hello")
    put(tmp_path, "status.txt", "X-A: {{ tiket }}\n\nfine\n")
    put(tmp_path, "README.md", "{{ ignored")
    (tmp_path / "taken.txt").write_bytes(b"\xff\xfe")
    found = {Path(problem.file).relative_to(tmp_path).as_posix(): problem for problem in Renderer((tmp_path,)).check()}
    assert {name: problem.line for name, problem in found.items()} == {
        "reply.txt": 4,
        "note.txt": 3,
        "billing/note.html": 1,
        "_broken.txt": 1,
        "acknowledgment.txt": None,
        "zzzz.html": None,
        "status.txt": None,
        "taken.txt": None,
    }
    assert "did you mean acknowledgement?" in found["acknowledgment.txt"].what
    assert found["zzzz.html"].what == "no notice is called zzzz"
    assert "tiket" in found["note.txt"].what
    assert "tiket" in found["status.txt"].what


@pytest.mark.parametrize("name", ["_requester.txt", "_agent.html", "de/_requester.txt", "de/_page.html"])
def test_a_layout_is_tried_in_the_templates_that_build_on_it(tmp_path: Path, name: str):
    """Also in those that are shipped, which the administrator has no other hand in."""
    (problem,) = Renderer((put(tmp_path, name, "fine\n\n{{ nobody.knows }}\n"),)).check()
    assert (problem.file, problem.line) == (str(tmp_path / name), 3)
    assert "nobody" in problem.what


def test_the_renderer_of_a_configuration_reads_its_folder(tmp_path: Path):
    put(tmp_path, "reply.txt", "mine")
    config = replace(CONFIG, templates=tmp_path)
    assert Renderer.of(config).render(notice(K.REPLY), config, KEYRING, NOW).text == "mine\n"
    assert Renderer.of(CONFIG).render(notice(K.REPLY), CONFIG, KEYRING, NOW) == render(None, K.REPLY)


def test_agents_are_written_to_in_their_own_language(tmp_path: Path):
    put(tmp_path, "de/taken.txt", "Vergeben.")
    german = replace(CONFIG.agents["elliot"], language="de")
    config = replace(CONFIG, agents={**CONFIG.agents, "elliot": german}, templates=tmp_path)
    rendered = Renderer.of(config).render(notice(K.TAKEN), config, KEYRING, NOW)
    assert rendered.text == "Vergeben.\n"
    admin = Renderer.of(config).render(notice(K.ADMIN), config, KEYRING, NOW)
    assert "quarantine" in admin.text


def test_specimens_show_a_template_what_a_real_notice_would():
    for kind in BUILT:
        full, bare, *several = specimens(kind)
        assert type(full) is type(bare) is (RequesterView if kind.to_requester else AgentView)
        assert all(view.ticket is None and view.listings for view in several), "one of several tickets has rows"


def _light(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("colour", "ground"),
    [
        *((colour, "#ffffff") for colour in ("#1f2328", "#57606a", "#b42318")),
        *((colour, "#16191d") for colour in ("#e6e8eb", "#9aa4af", "#ff8a80")),
        *(("#0d5227", "#e6f4ea"), ("#6b3d00", "#fff4e0"), ("#0b57d0", "#f6f8fa")),
        *(("#a8dab5", "#12331f"), ("#f5cf8e", "#3a2a10"), ("#8ab4f8", "#22272e")),
    ],
)
def test_every_colour_is_readable_on_its_ground(colour: str, ground: str):
    """AA: 4.5 to 1. The colours are those that the templates name, and no others."""
    lights = sorted((_light(colour), _light(ground)))
    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5
    assert any(colour in path.read_text("utf-8") for path in shipped().glob("*.html"))


def test_the_html_of_an_alert_is_small_beside_its_text():
    for kind in [kind for kind in BUILT if kind not in (NoticeKind.REPORT, NoticeKind.ANSWER)]:  # charts and tables
        made = notice(kind)
        assert len(render(None, kind).html) - len(made.text) - sum(len(each.text) for each in made.history) < 7500


# ── the same alert to several readers ───────────────────────────────────────────────────


BOB = replace(CONFIG.agents["elliot"], key="bob", name="Bob Hale", emails=("bob@bank.example",))
WITH_BOB = replace(CONFIG, agents={**CONFIG.agents, "bob": BOB})


def _readers(kind: NoticeKind) -> list[Notice]:
    """The notice to two agents who are alike, to one of another time zone and other departments, to the first again."""
    agents = [WITH_BOB.agents[key] for key in ("elliot", "bob", "ann", "elliot")]
    return [notice(kind, agent=each.key, to=Address(each.email, each.name)) for each in agents]


@pytest.mark.parametrize("kind", [kind for kind in BUILT if not kind.to_requester])
@pytest.mark.parametrize("ticket", [TICKET, FULL, replace(TICKET, assignee=Assignee.agent("elliot"))])
def test_each_reader_gets_the_mail_that_they_would_get_alone(kind: NoticeKind, ticket: Ticket):
    renderer = Renderer()
    for made in (replace(each, ticket=ticket) for each in _readers(kind)):
        alone = Renderer().render(made, WITH_BOB, KEYRING, NOW)
        assert renderer.render(made, WITH_BOB, KEYRING, NOW) == alone


@pytest.mark.parametrize("text", ["Hello.", "Grüße", "From here on", "ご返信ありがとうございます。" * 40, "x" * 2000])
def test_each_reader_gets_the_same_text_in_any_encoding_under_a_key_of_their_own(text: str):
    renderer = Renderer()
    readers = [replace(each, text=text, html="") for each in _readers(K.NEW_MESSAGE)]
    found = [renderer.render(each, WITH_BOB, KEYRING, NOW) for each in readers]
    assert found == [Renderer().render(each, WITH_BOB, KEYRING, NOW) for each in readers]
    assert len({each.parts for each in found[:3]}) == 3


@pytest.mark.parametrize("place", ["new-ticket.txt", "words.toml"])
def test_a_template_that_says_its_readers_name_says_that_of_each(tmp_path: Path, place: str):
    if place == "words.toml":
        put(tmp_path, "words.toml", '[new-ticket]\nheadline = "Dear {{ name }}, a new ticket"\n')
    else:
        put(tmp_path, "new-ticket.txt", "Dear {{ name }}\n{{ ref }}\n")
    renderer = Renderer((tmp_path,))
    for made in _readers(K.NEW_TICKET):
        assert f"Dear {made.to.name}" in renderer.render(made, WITH_BOB, KEYRING, NOW).text


def test_an_alert_of_the_same_kind_about_another_event_is_its_own():
    renderer = Renderer()
    for text in ("One.", "Two."):
        assert text in renderer.render(notice(K.NEW_MESSAGE, text=text, cause=text), CONFIG, KEYRING, NOW).text


def test_a_file_that_is_edited_or_added_later_has_no_effect(tmp_path: Path) -> None:
    """Also of a kind of mail and a language in which none was written before."""
    for place in ("digest.txt", "billing/digest.txt", "billing/de/digest.txt", "_agent.txt"):
        put(tmp_path, place, f"OLD {place}")
    put(tmp_path, "words.toml", '[mail]\nattached = "OLD {{ files }}"\n')
    renderer = Renderer((tmp_path,))
    for path in (*tmp_path.rglob("*.*"), tmp_path / "note.txt", tmp_path / "fr/reply.txt", tmp_path / "de/words.toml"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("{{ broken")

    def text(kind: NoticeKind, template_set: str, language: str) -> str:
        ticket = replace(TICKET, template=template_set, language=language)
        config = replace(CONFIG, desk=replace(CONFIG.desk, language=language))
        rendered = renderer.render(notice(kind, ticket=ticket), config, KEYRING, NOW)
        assert not rendered.problem
        return rendered.text

    assert text(K.DIGEST, "", "en") == "OLD digest.txt\n"
    assert text(K.DIGEST, "billing", "en") == "OLD billing/digest.txt\n"
    assert text(K.DIGEST, "billing", "de") == "OLD billing/de/digest.txt\n"
    assert text(K.NOTE, "", "fr") == "OLD _agent.txt\n"
    assert "OLD" not in text(K.REPLY, "", "fr")


def test_a_file_that_cannot_be_read_is_missing_and_told(tmp_path: Path) -> None:
    put(tmp_path, "digest.txt", "Mine")
    folder = Folder.read(tmp_path)
    assert folder.files == {"digest.txt": b"Mine"}
    (tmp_path / "digest.txt").unlink()
    os.mkfifo(tmp_path / "note.txt")  # is no file
    (tmp_path / "reply.txt").symlink_to("/proc/self/mem")  # fails for root, too
    found = Folder.read(tmp_path)
    assert found == Folder(tmp_path, {}, (tmp_path / "reply.txt",))
    assert [str(each) for each in Renderer((tmp_path,)).check()] == [f"{tmp_path}/reply.txt: cannot be read"]
