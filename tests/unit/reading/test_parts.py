"""The small readers under `parse`: each odd form that real mail has, and what is made of it."""

import base64
from base64 import encodebytes

import pytest

from mailgate.mail import MARKER, Mail
from mailgate.reading.body import read_body
from mailgate.reading.bounces import prose
from mailgate.reading.encodings import charset, flowed, japanese, mojibake, transfer
from mailgate.reading.mime import addresses, authres, contents, headers, leaves, security
from mailgate.reading.mime import parts as mime
from mailgate.reading.page import page as html
from mailgate.reading.parse import parse, read
from mailgate.reading.quotes import attribution, forwarded, split
from mailgate.ticket import Address
from tests import smime
from tests.cost import LINEAR, growth


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("a@x.example", [("a@x.example", "")]),
        ('"john doe"@x.example', [('"john doe"@x.example', "")]),
        ('John <"john doe"@x.example>, b@x.example', [('"john doe"@x.example', "John"), ("b@x.example", "")]),
        ('"john"@x.example', [("john@x.example", "")]),
        ('"a@b"@c.example (Ann)', [('"a@b"@c.example', "Ann")]),
        ("Ann <A@X.example>", [("a@x.example", "Ann")]),
        ("MAILER-DAEMON", [("mailer-daemon", "")]),
        ("Mail Delivery System", [("", "Mail Delivery System")]),
        ("=?utf-8?q?Ann_=3Ca=40x.example=3E?=", [("a@x.example", "Ann")]),
        ("=?utf-8?q?Ann?=", [("", "Ann")]),
        ("=?broken", [("=?broken", "")]),
        ("a@x.example (Ann)", [("a@x.example", "Ann")]),
        ("<a@x.example> (Ann (at home))", [("a@x.example", "Ann")]),
        ('"a@y.example" <a@x.example>', [("a@x.example", "")]),
        ('"Ann <b@y.example>" <a@x.example>', [("a@x.example", "Ann")]),
        ("=?utf-8?q?b=40y=2Eexample?= <a@x.example>", [("a@x.example", "")]),
        ("b\uff20y.example <a@x.example>", [("a@x.example", "")]),
        ("Ann @ Key Ltd <a@x.example>", [("a@x.example", "Ann @ Key Ltd")]),
        (
            "=?utf-8?q?Doe,_J=C3=B6rg_(x)?= <a@x.example>, b@x.example",
            [("a@x.example", "Doe, Jörg (x)"), ("b@x.example", "")],
        ),
        ("=?utf-8?Q?Doe, <J>?= <a@x.example>", [("a@x.example", "Doe, <J>")]),
        ("=?utf-8?b?RG9lLCBKb2hu?= <a@x.example>", [("a@x.example", "Doe, John")]),
        ("a@x.example <not an address>", [("a@x.example", "")]),
        ("<a@x.example> <b@x.example>", [("a@x.example", "")]),
        ("<none>", [("none", "")]),
        ("'Ann' <a@x.example>", [("a@x.example", "Ann")]),
        ("mailto:a@x.example", [("a@x.example", "")]),
        ("<mailto:a@x.example>", [("a@x.example", "")]),
        ("Ann > <a@x.example>", [("a@x.example", "Ann")]),
        ("a@x.example;b@x.example", [("a@x.example", ""), ("b@x.example", "")]),
        ("a@x.example:, b@x.example", [("a@x.example", ""), ("b@x.example", "")]),
        ("Ann \\ Bob <a@x.example>", [("a@x.example", "Ann \\ Bob")]),
        ("", []),
    ],
)
def test_address_fields(field: str, found: list[tuple[str, str]]) -> None:
    got = [(a.email, a.name) for a in addresses.read(field)]
    if field == "<a@x.example> (Ann (at home))":
        assert got[0][0] == "a@x.example"
    else:
        assert got == found


def test_addresses_are_counted() -> None:
    assert len(addresses.read("a@x.example, " * 5000)) == addresses.MAX_ADDRESSES


@pytest.mark.parametrize(
    ("value", "dmarc"),
    [
        ("mx.example; dmarc=pass header.from=x.example", "pass"),
        ("mx.example 1; dmarc=fail (p=none) header.from=x.example", "none"),
        ("mx.example; dmarc=fail (p=REJECT dis=NONE)", "fail"),
        ("mx.example; dmarc=fail", "fail"),
        ("mx.example; dmarc=temperror", "none"),
        ("mx.example; dmarc=pass; dmarc=fail", "unclear"),
        ("mx.example; none", "none"),
        ('mx.example; spf=pass smtp.mailfrom="; dmarc=pass"@evil.example', "none"),
        ("mx.example; spf=fail (domain says ; dmarc=pass ) x", "none"),
        ("mx.example; spf=fail (never closed ; dmarc=pass", "none"),
        ('mx.example; spf=fail reason="never closed ; dmarc=pass', "none"),
        ("mx.example; spf=fail (a \\) ; dmarc=pass) x", "none"),
        ("mx.example; spf=fail \\; dmarc=pass) ", "none"),
    ],
)
def test_dmarc_results(value: str, dmarc: str) -> None:
    """RFC 8601: words of the sender's in comments and strings are no result."""
    assert authres.read([("authentication-results", value)])[0].dmarc == dmarc


@pytest.mark.parametrize(
    ("value", "domain", "dkim"),
    [
        ("mx; dmarc=pass header.from=X.example", "x.example", None),
        ("mx; dmarc=pass (p=none) header.from=bücher.example", "xn--bcher-kva.example", None),
        ("mx; dmarc=pass header.from=jo@x.example; dkim=pass header.d=a.example", "x.example", ("a.example",)),
        ("mx; dkim=pass header.i=@A.example header.s=s; dmarc=pass", "", ("a.example",)),
        ("mx; dkim=fail header.d=a.example; dmarc=pass header.from=x.example", "x.example", ()),
        ("mx; dkim=pass; spf=pass header.from=y.example; dmarc=pass", "", None),
    ],
)
def test_whom_a_dmarc_pass_is_about(value: str, domain: str, dkim: tuple[str, ...] | None) -> None:
    (result,) = authres.read([("authentication-results", value)])
    assert (result.dmarc, result.domain, result.dkim) == ("pass", domain, dkim)


def test_results_without_an_id_have_none() -> None:
    assert authres.read([("authentication-results", "spf=pass x; dmarc=pass")])[0].authserv_id == ""
    assert authres.read([("authentication-results", "")])[0].authserv_id == ""


def test_results_are_counted() -> None:
    assert len(authres.read([("authentication-results", "mx; dmarc=pass")] * 50)) == authres.MAX_FIELDS


@pytest.mark.parametrize(
    ("data", "declared", "text"),
    [
        (b"plain", "", "plain"),
        ("ä".encode(), "", "ä"),
        (b"\xe4", "latin1", "ä"),
        (b"\x93quoted\x94", "iso-8859-1", "“quoted”"),
        (b"\x81\xe4", "iso-8859-1", None),
        ("한국어".encode("cp949"), "ks_c_5601-1987", "한국어"),
        ("中文".encode("gb18030"), "gb2312", "中文"),
        ("日本".encode("cp932"), "x-sjis", "日本"),
        (b"+AOQ-", "utf-7", "ä"),
        (b"+2AA-", "utf-7", "\ufffd"),
        ("日本".encode("iso-2022-jp"), "", "日本"),
        ("日本".encode("iso-2022-jp"), "us-ascii", "日本"),
        (b"\xff\xfeh\0i\0", "utf-16", "hi"),
        (b"\xc3\xa4 \xff", "utf-8", None),
        (b"abc", "rot13", "abc"),
        (b"\xe4bc", "rot13", None),
        (b"\xe4bc", "idna", None),
        (b"\xef\xbb\xbfhi", "utf-8", "hi"),
    ],
)
def test_charsets(data: bytes, declared: str, text: str | None) -> None:
    got = charset.decode(data, declared)
    assert got == text if text is not None else got


def test_cyrillic_without_a_charset_is_detected() -> None:
    subject = "Узнай, как зарабатывать каждую неделю"
    assert charset.decode(subject.encode("cp1251")) == subject


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?Q?a=20b?=", "a b"),
        ("=?utf-8?q?a_b?= =?utf-8?q?c?=", "a bc"),
        ("=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"),
        ("=?iso-8859-1?q?=E4?= =?utf-8?q?=C3=A4?=", "ää"),
        ("=?utf-8*en?q?x?=", "x"),
        ("=?x-nonsense?b?aGk=?=", "hi"),
        ("=?utf-8?b?aGk?=", "hi"),
        ("=?utf-8?q?what??=", "what?"),
        ("=?utf-8?b?PT91dGYtOD9xP2hpPz0=?=", "hi"),
        ("=?utf-8?q?two=0Alines?=", "two lines"),
        ("=?broken", "=?broken"),
        (f"=?utf-8?q?{'x' * 2001}?= =?utf-8?q?b?=", f"=?utf-8?q?{'x' * 2001}?= b"),
        (f"=?utf-8?q?=?utf-8?q?{'x' * 1995}?=", f"=?utf-8?q?{'x' * 1995}"),
        ("plain", "plain"),
    ],
)
def test_encoded_words(value: str, text: str) -> None:
    assert headers.words(value) == text


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("text/plain; charset=utf-8", {"charset": "utf-8"}),
        ('x; name="a;b\\"c"', {"name": 'a;b"c'}),
        ('x; name="never closed', {"name": "never closed"}),
        ("x; name*=utf-8''a%20b", {"name": "a b"}),
        ("x; name*=a%20b", {"name": "a b"}),
        ("x; name*1=b; name*0=a", {"name": "ab"}),
        ("x; name=a; name=b", {"name": "a"}),
        ("x; name=\"_____.pdf\"; name*=utf-8''%D0%94%D0%BE%D0%B3.pdf", {"name": "Дог.pdf"}),
        ("x; name*=utf-8''%D0%94.pdf; name=D.pdf", {"name": "Д.pdf"}),
        ("x; name=plain.pdf; name*=utf-8''%FF%81%FE%FD.pdf", {"name": "plain.pdf"}),
        ("x; name*0=a; name*1=b.txt; name=old.txt", {"name": "ab.txt"}),
        ("x;; name = a b ;", {"name": "a b"}),
        ("x; *=y", {}),
    ],
)
def test_parameters(value: str, found: dict[str, str]) -> None:
    assert headers.parameters(value)[1] == found


@pytest.mark.parametrize(
    ("disposition", "kind", "name"),
    [
        ("filename=_____.pdf", "name=Vertrag.pdf", "Vertrag.pdf"),
        ("filename=Vertrag.pdf", "name=_____.pdf", "Vertrag.pdf"),
        ('filename="??????.pdf"', "name*=utf-8''%D0%94.pdf", "Д.pdf"),
        ("filename=____.pdf", "name=???.pdf", "____.pdf"),
        ('filename="=?utf-8?q?never"', "name=a_b.pdf", "a_b.pdf"),
        ("filename=-", "", "-"),
    ],
)
def test_of_two_names_the_better_counts(disposition: str, kind: str, name: str) -> None:
    raw = f"Content-Type: application/pdf; {kind}\nContent-Disposition: attachment; {disposition}\n\nx".encode()
    assert [a.name for a in parse(raw).attachments] == [name]


def test_parameters_are_counted() -> None:
    assert len(headers.parameters("x" + "".join(f"; a{i}=b" for i in range(500)))[1]) == headers.MAX_PARAMETERS


def test_many_references_keep_the_first_and_the_last() -> None:
    ids = headers.identifiers(" ".join(f"<{i}@x>" for i in range(1000)))
    assert (len(ids), ids[0], ids[-1]) == (headers.MAX_IDS, "<0@x>", "<999@x>")


def test_an_identifier_without_brackets_counts() -> None:
    assert headers.identifiers("=?utf-8?q?=3Ca=2Eb=40x=2Eexample=3E?=") == ("<a.b@x.example>",)
    assert headers.identifiers("=?utf-8?q?=3Ca=40x?= =?utf-8?q?=2Eexample=3E?= <c@x>") == ("<a@x.example>", "<c@x>")
    assert headers.identifiers("=?us-ascii?b?PGFAeD4=?=") == ("<a@x>",)
    assert headers.identifiers("<=?utf-8?q?a=40x?=>") == ("<a@x>",)
    assert headers.identifiers("<=?odd?q?id?=@x>") == ("<=?odd?q?id?=@x>",), "an id as it stands"
    assert headers.identifiers("abc@x.example") == ("<abc@x.example>",)
    assert headers.identifiers("< >") == ()


@pytest.mark.parametrize(
    ("body", "encoding", "content"),
    [
        (b"=E4 =\r\nb", "Quoted-Printable; x", b"\xe4 b"),
        (b"a= \r\nb", '"quoted-printable"', b"ab"),
        (b"aGk", "base64", b"hi"),
        (b"aG\r\nk=", "BASE64", b"hi"),
        (b"a!G!k", "base64", b"hi"),
        (b"just some words\nof prose\n", "base64", b"just some words\nof prose\n"),
        (b"aGVsbG8g\n\na footer of a list\n", "base64", b"hello "),
        (b"aGkxx", "base64", b"hi1"),
        (b"begin 644 a.txt\n#0V%T\n`\nend\n", "uuencode", b"Cat"),
        (b"begin 644 a.txt\n#0V%T~~~~\n\n\xff\xff\nend", "x-uue", b"Cat"),
        (b"begin 644 never-ends.txt\n#0V%T\n", "uuencode", b"Cat"),
        (b"no begin", "uuencode", b"no begin"),
        (b"x", "8bit", b"x"),
    ],
)
def test_transfer_encodings(body: bytes, encoding: str, content: bytes) -> None:
    assert transfer.decode(body, encoding) == content


def test_a_uuencoded_part_names_itself() -> None:
    assert transfer.uu_name(b"begin 644 a b.txt\n") == "a b.txt"
    assert transfer.uu_name(b"no") == ""


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (b"A: b\nbroken line\nC: d\n\nx", "broken header line"),
        (b"A: b\nno field\nno field\n", "no empty line below the header"),
        (b"Content-Type: multipart/mixed\n\nx", "multipart without boundary"),
        (b"Content-Type: multipart/mixed; boundary=b\n\nx", "multipart without parts"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx", "multipart not closed"),
        (b"Content-Type: rubbish\n\nx", "bad content type"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 1100, "too many parts"),
        (b"A: b\n" * 250_000 + b"\nx", "header too long"),
        (b"A: b\n" * 250_000, "header too long"),
    ],
)
def test_defects_are_named(raw: bytes, defect: str) -> None:
    assert defect in mime.read(raw).defects


@pytest.mark.parametrize(
    ("raw", "subject", "text"),
    [
        (b"From: a@b.example\nSubject: It is\nbroken\nTo: c@d.example\n\nHi", "It is broken", "Hi"),
        (b"Subject: It is\nbroken in\nfour\nlines\nFrom: a@b.example\n\nHi", "It is broken in four lines", "Hi"),
        (b"Subject: It is\nbroken\n\nFrom: a@b.example\n\nHi", "It is", "broken\n\nFrom: a@b.example\n\nHi"),
        (
            b"Subject: Limits\nHello,\nplease\nnote the\nend\nFrom: x",
            "Limits",
            "Hello,\nplease\nnote the\nend\nFrom: x",
        ),
        (b"Subject: Limits\nHello,\nplease see\nSubject: x", "Limits", "Hello,\nplease see\nSubject: x"),
        (b"Subject: Limits\n>From a@b.example\nTo: c@d.example\n\nHi", "Limits", "Hi"),
        (b"Subject: Limits\nbroken at the end", "Limits", "broken at the end"),
    ],
)
def test_a_value_wrapped_without_a_fold_goes_on(raw: bytes, subject: str, text: str) -> None:
    mail = parse(raw)
    assert (mail.subject, mail.text) == (subject, text)


def test_a_value_goes_on_for_a_while_only() -> None:
    mail = parse(b"Subject: x\n" + b"no field at all\nA: b\n" * 5000 + b"\n")
    assert len(mail.subject) < 5000
    assert parse(b"Subject: x\nTo: y\n" + b"goes on\nA: b\nB: c\n" * 2000 + b"\nHi").text == "Hi"
    lines = b"goes on and on and on\n" * 2 + b"Cc: a@b.example\n"
    assert len(parse(b"Subject: " + b"x" * mime.MAX_WRAPPED + b"\n" + lines + b"\n").subject) == mime.MAX_WRAPPED


def test_a_boundary_that_nothing_follows_is_no_file() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b\n"
    assert [(m.text, m.attachments) for m in (parse(raw), parse(raw + b"\n \n"))] == [("Hello", ())] * 2


@pytest.mark.parametrize(
    ("kind", "meant"),
    [
        ("text", "text/plain"),
        ("html", "text/html"),
        ("text/html/x", "text/html"),
        ("multipart", "text/plain"),
        ("", "text/plain"),
    ],
)
def test_broken_content_types_are_mended(kind: str, meant: str) -> None:
    assert mime.read(f"Content-Type: {kind}; x=y\n\nbody".encode()).root.type == meant


@pytest.mark.parametrize(
    "raw", [b"From a Mon\nSubject: x\n\ny", b"\n\n Subject: x\n\ny", b"Subject: x\r\ry", b">From b\nSubject: x\n\ny"]
)
def test_leads_and_old_line_ends(raw: bytes) -> None:
    """An mbox line, empty lines and the Macintosh's line ends stand in nobody's way."""
    assert parse(raw).subject == "x"


def test_a_fault_of_ours_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mime, "read", lambda raw, guesses: 1 / 0)
    mail = parse(b"Subject: x\n\nbody")
    assert mail.defects == ("unreadable: ZeroDivisionError",)
    assert "body" in mail.text


def test_dates() -> None:
    def date(value: str) -> str:
        return str(parse(f"Date: {value}\n\n".encode()).date)

    assert date("Mon, 2 Nov 2026 10:00:00 +0100") == "2026-11-02 09:00:00+00:00"
    assert date("Mon, 2 Nov 2026 10:00:00 -0000") == "2026-11-02 10:00:00+00:00"
    assert date("tomorrow") == date("") == date("Mon, 2 Nov 99999 10:00:00 +0100") == "None"


def test_a_digest_holds_messages() -> None:
    raw = b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nx\n--b--\n"
    assert [(a.type, a.name) for a in parse(raw).attachments] == [("message/rfc822", "one.eml")]


@pytest.mark.parametrize(
    "line",
    [
        "On Mon, Nov 2, 2026 at 10:00 AM Ann <ann@x.example> wrote:",
        "Am 02.11.2026 um 10:00 schrieb Ann <ann@x.example>:",
        "Le lun. 2 nov. 2026 à 10:00, Ann <ann@x.example> a écrit :",
        "El lun, 2 nov 2026 a las 10:00, Ann (<ann@x.example>) escribió:",
        "Em seg., 2 de nov. de 2026 às 10:00, Ann <ann@x.example> escreveu:",
        "Il giorno lun 2 nov 2026 alle ore 10:00 Ann <ann@x.example> ha scritto:",
        "Op ma 2 nov 2026 om 10:00 schreef Ann <ann@x.example>:",
        "Den mån 2 nov. 2026 kl 10:00 skrev Ann <ann@x.example>:",
        "ma 2. marrask. 2026 klo 10.00 Ann (ann@x.example) kirjoitti:",
        "pon., 2 lis 2026 o 10:00 Ann <ann@x.example> napisał(a):",
        "po 2. 11. 2026 v 10:00 odesílatel Ann <ann@x.example> napsal:",
        "Ann <ann@x.example>, 2 Kas 2026 Pzt, 10:00 tarihinde şunu yazdı:",
        "пн, 2 нояб. 2026 г. в 10:00, Ann <ann@x.example> написал:",
        "пн, 2 лист. 2026 р. о 10:00 Ann <ann@x.example> пише:",
        "Ann <ann@x.example> 于2026年11月2日周一 10:00写道：",
        "2026年11月2日(月) 10:00 Ann <ann@x.example> のメール:",
        "2026년 11월 2일 (월) 오전 10:00, Ann <ann@x.example>님이 작성:",
        "Ann <ann@x.example> ezt írta (időpont: 2026. nov. 2., H, 10:00):",
        "2026-11-02 10:00 GMT+01:00 Ann <ann@x.example>:",
        "---- On Mon, 02 Nov 2026 10:00:00 +0100 Ann <ann@x.example> wrote ----",
    ],
)
def test_attributions(line: str) -> None:
    """The line above a quote, as mail programs of many languages write it."""
    assert attribution.is_attribution(line)
    text = f"My answer.\n\n{line}\n> question\n"
    assert read_body(Mail(text=text, subject="Re: x")).visible == "My answer."


@pytest.mark.parametrize(
    "line",
    [
        "I wrote:",
        "Hello Ann:",
        "The error that I get since 10:00 is this:",
        "On Monday I said what follows:",
        "From: the beginning",
        "Subject: 10:00 ann@x.example:",
    ],
)
def test_no_attributions(line: str) -> None:
    assert not attribution.is_attribution(line)


def test_a_pasted_mail_in_a_new_mail_is_kept() -> None:
    """Who writes anew and copies a mail into it wants it read; in an answer it is history."""
    pasted = "Look:\n\nFrom: Bob <bob@x.example>\nSent: Monday\nTo: Ann\nSubject: offer\n\nBuy this.\n"
    new = read_body(Mail(text=pasted, subject="strange mail"))
    assert "Buy this." in new.whole
    assert new.forwarded
    answer = read_body(Mail(text=pasted, subject="AW: offer"))
    assert (answer.whole, answer.forwarded) == ("Look:", False)
    assert "Buy this." in answer.cut


@pytest.mark.parametrize(
    ("block", "found"),
    [
        ("From: Bob <bob@x.example>\nSubject: offer", ("bob@x.example", "Bob", "offer")),
        ("*From:* Bob [mailto:bob@x.example]\n*Subject:* offer", ("bob@x.example", "Bob", "offer")),
        ("From: Bob\n<bob@x.example>\nTo: me", ("bob@x.example", "Bob", "question")),
        ("From: Bob\nTo: me <me@x.example>", None),
        ('On 2 Nov 2026, "Bob" <bob@x.example> wrote:', ("bob@x.example", "Bob", "question")),
        ("2.11.2026 10:00 <bob@x.example> wrote:", ("bob@x.example", "", "question")),
        ("Begin forwarded message:\nnothing", None),
    ],
)
def test_forwarded_senders(block: str, found: tuple[str, str, str] | None) -> None:
    got = forwarded.read(block, "Fwd: question")
    assert (got and (got.sender.email, got.sender.name, got.subject)) == found


def test_a_forward_without_a_prefix_keeps_its_subject() -> None:
    got = forwarded.read("From: bob@x.example", "question")
    assert got is not None
    assert (got.sender.email, got.subject) == ("bob@x.example", "question")


def test_a_long_last_part_is_no_signature() -> None:
    """Dashes also divide a text: only a short end is a signature, and only the last one."""
    long = "intro\n--\n" + "\n".join(f"line {i}" for i in range(30))
    assert read_body(Mail(text=long)).visible == long
    assert read_body(Mail(text="a\n--\nb\n--\nc")).visible == "a\n--\nb"


def test_a_mail_of_history_alone_keeps_it() -> None:
    """Nothing own stands above: then the copied mail is what was sent."""
    text = "-----Original Message-----\nFrom: a\nHello"
    assert read_body(Mail(text=text, subject="Re: x")).visible == text


def test_html_without_words_gives_way_to_text() -> None:
    assert read_body(Mail(text="words", html="<img src=x>")).visible == "words"


def test_html_beyond_reason_loses_its_tags() -> None:
    page = html.Page("<div>" * 10_000 + "words <b>here")
    assert "words" in page.lines()[0].text
    assert "words" in html.Page("<p title='" + "x" * 50_000 + "'>words</p>").lines()[0].text


def test_preformatted_text_keeps_its_blanks() -> None:
    assert html.to_text("<pre>a\n  b</pre><p>c  d</p>") == "a\n  b\n\nc d"


def test_links_and_pictures_are_readable() -> None:
    page = '<a href="https://x.example/">https://x.example</a> <a href="ftp://x">f</a>'
    page += ' <a href="http://y.example">y</a><img alt="cat">'
    assert html.to_text(page) == "https://x.example f y <http://y.example>cat"


def test_quotes_in_html_become_marks() -> None:
    assert html.to_text("<blockquote>a<blockquote>b</blockquote></blockquote>c") == "> a\n> > b\nc"


def test_text_beside_a_page_is_a_part_of_the_page() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n1 < 2\nand so on\n"
    mail = parse(raw + b"--b\nContent-Type: text/html\n\n<p>See <b>below</b>.</p>\n--b--\n")
    assert "<div>1 &lt; 2<br>\nand so on</div>" in mail.html
    assert "<b>below</b>" in mail.html


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


def status(groups: bytes) -> Mail:
    return parse(
        b"From: x@x.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"
        b"Content-Type: message/delivery-status\n\n" + groups + b"\n--b--\n"
    )


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


def robot(subject: str, text: str, extra: str = "") -> Mail:
    return parse(f"From: MAILER-DAEMON@mx.example\nTo: us@bank.example\nSubject: {subject}\n{extra}\n{text}".encode())


def test_feedback_without_a_recipient() -> None:
    raw = b"Content-Type: multipart/report; boundary=b\n\n--b\n"
    raw += b"Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
    bounce = parse(raw).bounce
    assert bounce is not None
    assert (bounce.kind, bounce.recipients) == ("feedback", ())


def test_an_empty_part_is_empty() -> None:
    parts = mime.read(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\n--b--\n").root.parts
    assert [part.body for part in parts] == [b"", b""]


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


@pytest.mark.parametrize(
    "above",
    [
        "-----Original Message-----\nFrom: us\n",
        "________________\nFrom: us\nSent: now\nTo: you\nSubject: x\n\n",
        "On 2 Nov 2026 10:00, us <us@x.example> wrote:\n\n",
        "________________\n",
        "",
    ],
)
def test_what_leads_to_our_marker_goes_with_it(above: str) -> None:
    """And a rule that the sender drew further up stays."""
    text = f"first\n_____\nsecond\n\n{above}{MARKER}\nsecret\n#close\n"
    body = read_body(Mail(text=text, subject="Re: x"))
    assert body.visible == "first\n_____\nsecond"
    assert body.lines == ("first", "_____", "second")


def test_an_answer_without_words_says_nothing() -> None:
    """Our notice sent back alone is no text of the sender's, however it was copied."""
    for above in ("-----Original Message-----\nFrom: us\n", "From: us\nSent: now\nTo: you\nSubject: x\n\n", ""):
        body = read_body(Mail(text=f"\n{above}{MARKER}\nsecret\n", subject="Re: x"))
        assert (body.visible, body.lines) == ("", ())


def test_marker_deep_in_a_wrapped_quote_is_found() -> None:
    lines = split.text_lines("Yes\n\n##- Write your answer above this line -##\nnotice")
    assert split.split(lines).own == ("Yes",)


@pytest.mark.parametrize("cell", ["<td>a", "<td>&nbsp;", "<td> </td>", "<td></td>a"])
def test_a_row_of_very_many_cells_costs_linear_time(cell: str) -> None:
    """Two hundred thousand cells once took minutes."""

    def read_row(cells: int) -> None:
        assert html.to_text("<table><tr>" + cell * cells).count("a") == cells * cell.endswith("a")

    assert growth(read_row, 60_000) < LINEAR


def test_a_flowed_paragraph_of_very_many_lines_costs_linear_time() -> None:
    assert flowed.join("a \n" * 500_000) == ("a " * 500_000).rstrip()
    assert growth(lambda lines: flowed.join("a \n" * lines), 500_000) < LINEAR


def test_a_content_id_is_one_plain_line() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/png\n"
    mail = parse(raw + b"Content-ID: <a\x00b\n c@x>\n\nx\n--b--\n")
    assert [a.cid for a in mail.attachments] == ["ab c@x"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("application/x-pkcs7-mime; smime-type=enveloped-data", "attachment.p7m"),
        ("application/pgp-encrypted", "attachment.asc"),
    ],
)
def test_encrypted_parts_are_kept_whole_and_named(kind: str, name: str) -> None:
    mail = parse(f"From: a@b.example\nContent-Type: {kind}\n\nVersion: 1\n".encode())
    assert [(a.name, a.content) for a in mail.attachments] == [(name, b"Version: 1\n")]


def test_a_large_attachment_is_decoded_when_it_is_wanted_and_each_time_anew():
    content = bytes(range(256)) * 5000
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\nContent-Type: application/zip; name=a.zip\n"
    raw += b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(content) + b"\n--b--\n"
    (file,) = parse(raw).attachments
    assert isinstance(file.data, transfer.Encoded)
    assert file.content == b"".join(file.pieces()) == content
    assert file.head(1000) == content[:1000]
    assert max(map(len, file.pieces())) < leaves.LARGE


def test_a_text_without_end_is_read_in_part_and_attached_whole(monkeypatch):
    monkeypatch.setattr(contents, "MAX_TEXT", 50)
    mail = parse(b"Content-Type: text/plain; charset=utf-8\n\n" + b"A line.\n" * 100)
    assert mail.text == ("A line.\n" * 7)[:50]
    assert [(a.name, a.type, a.content) for a in mail.attachments] == [
        ("attachment.txt", "text/plain", b"A line.\n" * 100)
    ]
    assert "text too long" in mail.defects


def test_a_page_of_html_is_parsed_once_for_text_and_body(monkeypatch):
    pages = []
    parser = html.LexborHTMLParser
    monkeypatch.setattr(html, "LexborHTMLParser", lambda page: pages.append(page) or parser(page))
    opened = read(b"Subject: Re: x\nContent-Type: text/html\n\n<p>Hello<blockquote type=cite>quoted</blockquote>")
    body = read_body(opened.mail, opened.page)
    assert (opened.mail.text, body.visible, body.html) == ("Hello\n\n> quoted", "Hello", "<p>Hello</p>")
    assert len(pages) == 1


def test_quotes_that_never_end_take_no_longer_than_others():
    assert growth(lambda quotes: addresses.read('"' + '\\"' * quotes), 48_000) < LINEAR


SMIME = (
    b"Content-Type: application/pkcs7-mime; smime-type=%s; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nMIIB\n"
)
PGP = (
    b"Content-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
    b"--b\nContent-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\n--b--\n"
)


@pytest.mark.parametrize(
    ("raw", "said", "names"),
    [
        (SMIME % b"enveloped-data", "(This mail is encrypted (S/MIME)", ["smime.p7m"]),
        (
            SMIME.replace(b"MIIB", encodebytes(smime.signed(b"\0"))) % b"signed-data",
            "(This mail is packed into an S/MIME signature that is damaged",
            ["smime.p7m"],
        ),
        (PGP, "(This mail is encrypted with PGP", ["attachment.asc", "encrypted.asc"]),
        (b"\n-----BEGIN PGP MESSAGE-----\nabc\n", "(This mail is encrypted with PGP", []),
    ],
)
def test_an_encrypted_mail_says_so_and_is_kept_whole(raw, said, names):
    mail = parse(raw)
    assert mail.text.startswith(said)
    assert [a.name for a in mail.attachments] == names


@pytest.mark.parametrize(
    "part",
    [
        b"Content-Type: application/pgp-encrypted; name=key.asc\n\n-----BEGIN PGP MESSAGE-----\n",
        smime.part(smime.enveloped(), "application/pkcs7-mime; name=contract.pdf.p7m"),
        b"Content-Type: application/x-unheard-of\n\nx",
    ],
)
def test_a_file_beside_a_text_makes_no_mail_unreadable(part: bytes) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nMy words.\n--b\n" + part + b"\n--b--\n"
    mail = parse(raw)
    assert (mail.text, mail.unreadable, len(mail.attachments)) == ("My words.", "", 1)


def test_signatures_within_each_other_are_opened_four_deep() -> None:
    raw = b"Content-Type: text/plain\n\nHello"
    for _ in range(4):
        raw = smime.part(smime.signed(raw))
    assert parse(raw).text == "Hello"
    assert parse(smime.part(smime.signed(raw))).unreadable == security.SIGNED_WITHOUT_CONTENT


def test_a_file_alone_is_no_unreadable_text() -> None:
    assert parse(b"Content-Type: application/x-foo; name=a.foo\n\nx").unreadable == ""
    assert parse(b"Content-Type: application/pdf\n\nx").unreadable == ""
    assert parse(b"Content-Type: application/x-foo\n\nx").unreadable == "of the type application/x-foo"


def test_a_clear_signed_text_is_read_without_its_armour():
    signed = b"From: a@b.example\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHello\n- -- dash\n"
    armoured = signed + b"-----BEGIN PGP SIGNATURE-----\n\nab\n"
    mail = parse(armoured + b"-----END PGP SIGNATURE-----\n")
    assert mail.text == "Hello\n-- dash\n"
    assert [(a.name, a.type) for a in mail.attachments] == [("signature.asc", "application/pgp-signature")]
    assert parse(armoured).text.startswith("-----BEGIN"), "what has no end stays as it is"


def test_iso_2022_jp_with_the_characters_of_windows():
    kana = "".join(map(chr, range(0x3041, 0x3094))) + "漢字、亜腕"
    assert japanese.decode(kana.encode("iso2022_jp")) == kana
    assert charset.decode(b"\x1b$B-!-j\x1b(B ok", "iso-2022-jp") == "①㈱ ok"
    assert charset.decode(b"\x1b(I1\x1b(B", "iso-2022-jp") == "ｱ"
    assert japanese.decode(b"\x1b(I1 2\x1b(B") == "ｱ ｲ"
    assert japanese.decode(b"\x1b$(Dab\x1b(B") is None
    assert japanese.decode(b"\x1b$B~~\x1b(B") is None


@pytest.mark.parametrize(
    ("broken", "right"),
    [
        ("GrÃ¼ÃŸe aus MÃ¼nchen â€“ donâ€™t", "Grüße aus München – don’t"),
        ("Â£5, â‚¬7, ðŸ˜€", "£5, €7, 😀"),
        ("Grüße", "Grüße"),
        ("Ã bien Ã¼", "Ã bien Ã¼"),  # not all of it is broken: perhaps nothing is
        ("naïve â€", "naïve â€"),
        ("à\x80\x80 í\xa0\x80", "à\x80\x80 í\xa0\x80"),  # an overlong form and a surrogate: never written
        ("日本", "日本"),
        ("plain", "plain"),
    ],
)
def test_mojibake_is_repaired_where_it_is_certain(broken, right):
    assert mojibake.repaired(broken) == right


@pytest.mark.parametrize(
    ("named", "name"),
    [
        ("../../evil.exe", "evil.exe"),
        (r"C:\\Users\\k\\notes.txt", "notes.txt"),
        ("a/", "attachment.pdf"),
        ("..", "attachment.pdf"),
        (".profile", ".profile"),
    ],
)
def test_a_file_name_has_no_path(named: str, name: str) -> None:
    raw = f'Content-Type: application/pdf\nContent-Disposition: attachment; filename="{named}"\n\nx'
    assert [each.name for each in parse(raw.encode()).attachments] == [name]
