"""Every kind of notice as a whole mail, compared with `tests/cases/outbound/KIND.eml`.

`python -m tests.unit.writing.test_golden_mails` writes the cases anew; read the difference
before you commit it. Nothing in a mail is left to chance, so nothing is left out.
"""

from __future__ import annotations

import pytest

from mailgate.mail import MARKER
from mailgate.notice import NoticeKind
from mailgate.reading.body import read_body
from mailgate.reading.parse import parse
from tests.notices import BUILT, CASES, FULL, INVOICE, MESSAGE, NOTE, PDF, notice, read, whole, write

GMAIL = '<div>#close</div><div>Done.</div><br><div class="gmail_quote"><blockquote>{}</blockquote></div>'
OUTLOOK = """<p>#close</p><p>Done.</p><hr><p><b>From:</b> First Bank Support &lt;support@bank.example&gt;<br>
<b>Sent:</b> Friday<br><b>To:</b> Elliot<br><b>Subject:</b> x</p>{}"""
BARE = "<div>#close</div><div>Done.</div><div>{}</div>"


def mail(kind: NoticeKind) -> bytes:
    return whole(write(notice(kind)), {INVOICE.sha256: PDF})


@pytest.mark.parametrize("kind", BUILT)
def test_a_notice_is_the_mail_that_the_case_shows(kind: NoticeKind):
    assert mail(kind).replace(b"\r\n", b"\n") == (CASES / f"{kind}.eml").read_bytes()


@pytest.mark.parametrize("kind", BUILT)
def test_the_standard_library_reads_every_notice_without_a_defect(kind: NoticeKind):
    message = read(mail(kind))
    parts = list(message.walk())
    assert not [defect for part in parts for defect in part.defects]
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().startswith(MARKER)
    assert MARKER in html.get_content()


@pytest.mark.parametrize("kind", BUILT)
def test_our_own_parser_reads_what_was_written(kind: NoticeKind):
    made = notice(kind)
    found = parse(mail(kind))
    assert not found.defects
    assert found.to[0] == made.to
    assert found.text.startswith(MARKER)
    assert found.header("x-mailgate-notice") == kind
    if made.ticket:
        assert made.ticket.subject in found.subject
        assert found.header("x-mailgate-ticket") == "1001"
    assert [file.name for file in found.attachments] == (["invoice.pdf"] if made.attachments else [])


@pytest.mark.parametrize("kind", BUILT)
def test_every_line_ends_in_crlf_and_is_short_enough_for_smtp(kind: NoticeKind):
    data = mail(kind)
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998  # RFC 5322 2.1.1
    head = data.split(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78


@pytest.mark.parametrize("kind", BUILT)
def test_the_same_notice_is_the_same_mail_again(kind: NoticeKind):
    assert mail(kind) == mail(kind)


@pytest.mark.parametrize("kind", [kind for kind in BUILT if not kind.to_requester])
def test_an_answer_above_the_marker_is_all_that_is_read_of_it(kind: NoticeKind):
    """Agents' programs quote the whole alert below the answer: nothing of it counts as theirs."""
    alert = parse(mail(kind))
    quoted = "\n".join(f"> {line}".rstrip() for line in alert.text.split("\n"))
    answer = f"On Fri, 20 Nov 2026 at 09:30, First Bank Support <support@bank.example> wrote:\n{quoted}"
    raw = f"From: elliot@bank.example\r\nSubject: Re\r\n\r\n#close\n\nDone.\n\n{answer}".encode()
    assert read_body(parse(raw)).visible == "#close\n\nDone."


@pytest.mark.parametrize("kind", [kind for kind in BUILT if not kind.to_requester])
@pytest.mark.parametrize("wrap", [GMAIL, OUTLOOK, BARE])
def test_an_html_answer_above_the_alert_is_all_that_is_read_of_it(kind: NoticeKind, wrap: str):
    html = parse(mail(kind)).html
    inside = html.partition("<body")[2].partition(">")[2].partition("</body>")[0]
    raw = "From: elliot@bank.example\r\nSubject: Re\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    body = read_body(parse((raw + wrap.replace("{}", inside)).encode()))
    assert [line for line in body.visible.split("\n") if line] == ["#close", "Done."]
    assert [line for line in body.lines if line] == ["#close", "Done."]


@pytest.mark.parametrize("kind", [kind for kind in BUILT if kind.to_requester])
def test_no_internal_value_reaches_a_requester(kind: NoticeKind):
    """Canary: all that a requester must not see begins with SECRET."""
    fields: dict[str, object] = {"history": (NOTE, MESSAGE), "attachments": (INVOICE,)}
    if notice(kind).ticket:
        fields["ticket"] = FULL
    data = whole(write(notice(kind, **fields)), {INVOICE.sha256: PDF})
    found = parse(data)
    shown = f"{data.decode()}\n{found.text}\n{found.html}\n{found.subject}"
    assert "SECRET" not in shown
    assert "traceroute" not in shown
    assert "Ref:" not in shown
    assert found.reply_to[0].email.startswith("support@")


def test_an_acknowledgement_to_somebody_unproven_holds_none_of_their_text():
    fields = {"reveal": False, "attachments": (INVOICE,), "text": "CANARY buy now"}
    found = parse(whole(write(notice(NoticeKind.ACKNOWLEDGEMENT, **fields)), {INVOICE.sha256: PDF}))
    assert "CANARY" not in found.text + found.html
    assert "invoice" not in found.text + found.html
    assert not found.attachments
    assert "Entire mobile" in found.subject


@pytest.mark.parametrize("kind", BUILT)
def test_every_kind_is_written_for_a_ticket_with_every_field_and_for_one_without_words(kind: NoticeKind):
    has_ticket = notice(kind).ticket is not None
    full = {"ticket": FULL} if has_ticket else {}
    bare = {"text": "", "facts": (), "attachments": (), "history": (), "by": None, "by_agent": "", "cc": ()}
    for fields in (full, bare):
        found = parse(write(notice(kind, **fields)).data)
        assert MARKER in found.html
        assert "None" not in found.text


if __name__ == "__main__":
    for each in BUILT:
        (CASES / f"{each}.eml").write_bytes(mail(each).replace(b"\r\n", b"\n"))
