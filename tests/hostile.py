"""Hostile mails of any size, a construct each, and what the reading and the rules do with every mail.

`python -m tests.hostile [SIZE] [PATTERN]` prints how each step grows from an eighth of SIZE (bytes) to SIZE: by
hand with sizes up to 5 MB, in the tests with a small one.
"""

from __future__ import annotations

import base64
import re
import struct
import sys
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from mailgate.mail import Envelope
from mailgate.reading.body import read_body
from mailgate.reading.encodings.mojibake import repaired
from mailgate.reading.mime import addresses
from mailgate.reading.page import excerpt
from mailgate.reading.parse import read
from mailgate.reading.quotes import forwarded
from mailgate.rules.commands.correction import corrected
from mailgate.rules.commands.requester_words import read_requester_words
from mailgate.rules.commands.syntax import escaped, read_commands
from mailgate.rules.notices import similar
from mailgate.rules.replies.file_texts import raw_of, without_tags, words_of
from mailgate.rules.replies.leak import leak
from mailgate.rules.routing.criteria import declared_language
from mailgate.rules.screening import spam
from mailgate.rules.screening.bulk import below_marker
from mailgate.rules.screening.classify import classify
from mailgate.rules.screening.duplicates import digest, same_but_for_marks
from mailgate.rules.screening.list_sender import read_through
from mailgate.rules.text.forms import read_form
from mailgate.rules.text.signature import Signer, learned, signature_of
from mailgate.rules.text.subject import strip_subject
from mailgate.rules.text.thanks import only_thanks
from mailgate.rules.threading.references import references, without_link_lines
from mailgate.rules.threading.trust import identify, keys_to_burn
from mailgate.rules.ticket.rating import read_rating
from mailgate.writing.mail.flowed import flow
from mailgate.writing.views.formatting import set_off, words
from tests import cost
from tests.lab import KEYRING, desk

Make = Callable[[int], bytes]
SIGNER = Signer("Karen Client", ("Karen Client\nClient Ltd",))
FIELDS = {
    b"From": b"Karen Client <karen@client.example>",
    b"To": b"support@bank.example",
    b"Subject": b"Re: The portal",
    b"Message-ID": b"<a@client.example>",
    b"In-Reply-To": b"<b@bank.example>",
}


def header(**changes: bytes) -> bytes:
    """The header of an answer, with other values."""
    fields = FIELDS | {name.replace("_", "-").encode(): value for name, value in changes.items()}
    return b"".join(b"%s: %s\r\n" % each for each in fields.items() if each[1])


FORWARD = header(Subject=b"Fwd: The portal", In_Reply_To=b"")
NEW = header(Subject=b"The portal", In_Reply_To=b"")
REPORT = header(From=b"mailer-daemon@mx.example", Subject=b"Undelivered mail", In_Reply_To=b"")


def filled(piece: bytes, size: int) -> bytes:
    """The piece again and again, up to a size in bytes."""
    return piece * max(1, size // len(piece))


def body(piece: bytes, head: bytes = header(), kind: bytes = b"text/plain; charset=utf-8", start: bytes = b"") -> Make:
    """Mails whose body is a piece again and again."""
    return lambda size: b"%sContent-Type: %s\r\n\r\n%s%s" % (head, kind, start, filled(piece, size))


def field(name: str, piece: bytes) -> Make:
    """Mails with a header field whose value is a piece again and again."""
    return lambda size: header(**{name.replace("-", "_"): filled(piece, size)}) + b"\r\nHello"


def parts(part: bytes, kind: bytes = b"mixed") -> Make:
    """Mails with the same part again and again."""
    start = b"%sContent-Type: multipart/%s; boundary=b\r\n\r\n" % (header(), kind)
    return lambda size: start + filled(b"--b\r\n%s\r\n" % part, size)


def file(content: Callable[[int], bytes], kind: bytes) -> Make:
    """Mails with a file in base64."""
    part = b"--b\r\n\r\nHello\r\n--b\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--b--\r\n"
    start = b"%sContent-Type: multipart/mixed; boundary=b\r\n\r\n" % header()
    return lambda size: start + part % (kind, base64.encodebytes(content(size * 3 // 4)))


LINES = {
    "own words": b"word word word word\r\n",
    "blank lines": b"\r\n",
    "quotes": b"> a quoted line\r\n",
    "quotes and answers": b"> quoted\r\nanswer\r\n",
    "quote levels": b"> " * 50 + b"x\r\n",
    "quote marks on one line": b"> ",
    "attributions": b"On 3 May 2026 at 10:00, Ann Key <ann@bank.example> wrote:\r\n",
    "attributions of quotes": b"On 3 May 2026 at 10:00, Ann Key <ann@bank.example> wrote:\r\n> x\r\n",
    "attributions that never end": b"On 3 May 2026 at 10:00, Ann\r\n",
    "attributions wrapped": b"On 3 May 2026 at 10:00\r\nAnn <a@b.example>\r\nwrote this:\r\n",
    "attributions without a date": b"Ann wrote:\r\n",
    "marker lines": b"##- Write your answer above this line -##\r\n",
    "copied headers": b"From: A <a@b.example>\r\nSent: 3 May 2026 10:00\r\nTo: K <k@x.example>\r\nSubject: x\r\n\r\n",
    "labels": b"Abc: x\r\n",
    "labels with blank lines": b"Abc: x\r\n\r\n",
    "labels with long values": b"Abc: x\r\n" + b"y" * 300 + b"\r\n",
    "original messages": b"-----Original Message-----\r\n",
    "forwarded messages": b"---------- Forwarded message ----------\r\n",
    "rules": b"-----\r\n",
    "rules with addresses": b"-- x -- " + b"a.a@" * 480 + b": \r\n",
    "addresses": b"a@b.example ",
    "at signs": b"a@",
    "signatures": b"-- \r\nAnn Key\r\nBank\r\n",
    "dashes": b"--\r\n",
    "lines of phones": b"Sent from my iPhone\r\n",
    "paragraphs that may be lines of phones": b"\r\nSent from my Foo Bar\r\n",
    "initials": b"AK> text\r\n",
    "bars": b"| text\r\n",
    "marks of GroupWise": b">>> Ann Key 11/2/2026 10:00 >>>\r\n",
    "memos": b"Ann Key <a@b.example>\r\n3 May 2026 10:00\r\nTo\r\nk@x.example\r\n",
    "Ref lines": b"Ref: n.aaa.bbbbbbbbbbbbbb.cccccccccccccccccccccccccc\r\n",
    "keys": b"n.aaa.bbbbbbbbbbbbbb.ccccccccccccccccccccccccccn.",
    "a long word": b"a",
    "spaces": b" ",
    "zero-width spaces": "\u200b".encode(),
    "combining marks": "\u0301\u0323".encode(),
    "combining letters": "\u0f73\uff9e".encode(),
    "letters with marks": "a\u0301\u0323".encode(),
    "ligatures": "\ufdfa".encode(),
    "line separators": "\u2028".encode(),
    "stars": b"*",
    "emphasis": b"*a ",
    "links": b"<http://a.example/x> ",
    "links that never end": b"<mailto:",
    "requesters' commands": b"#close\r\n",
    "agents' commands": b"#assign bob\r\n",
    "unknown commands": b"#xyzzy\r\n",
    "commands in a list": b"- #close\r\n",
    "a long command": b"#close ",
    "names for a command": b"#note a@b.example, ",
    "reasons": b" -- ",
    "hashes": b"#",
    "escaped commands": b"\\#close\r\n",
    "PGP messages": b"-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\n",
    "PGP signatures": b"-----BEGIN PGP SIGNATURE-----\r\n",
    "uuencoded files": b"begin 644 a\r\n#0V%T\r\n`\r\nend\r\n",
    "uuencoded files that never end": b"begin 644 a\r\n#0V%T\r\n",
    "form lines": b"Topic: x\r\n",
    "tokens": b"[#1001] ",
    "codes": b"a1b2c3d4\r\n",
    "ratings": b"good\r\n",
    "thanks": b"Thank you very much, it works!\r\n",
    "addresses of the web": b"http://a.example/x?q=1 www.a.b.c. ",
    "marks like ours": b"[note] Ann Key: x\r\nNote [1]   Claim [2]\r\n",
    "broken charsets": "Ã¤â€™".encode(),
    "links that a gateway wrote anew": b"https://a.example/?u=n%252Eaaa%252E" + b"b" * 14 + b"%252E" + b"c" * 26 + b" ",
    "words of other alphabets": "слово ".encode(),
    "half pairs": b"\\ud83d",
    "short lines": b"one two three\r\n",
    "apostrophes": b"a'",
}
REPORTED = {
    "failed addresses": b"<a@b.example>: 550 5.1.1 unknown\r\n",
    "dots and at signs": b"a.a-a@",
    "copies announced": b"--- Below this line is a copy of the message.\r\n",
    "names that follow": b"recipients: ",
    "successes": b"success: ",
}
TAGS = {
    "paragraphs": b"<p>word",
    "blocks": b"<div>",
    "line ends": b"word<br>\n",
    "formatting": b"<b>",
    "formatting across blocks": b"<b><p>x</b>",
    "misnested formatting": b"<b><i></b></i>",
    "links": b"<a href='http://a.example/'>abc",
    "links in tables": b"<table><tr><td><a href=http://a.example/x>abc ",
    "fonts": b"<font color=red><p>x</p>",
    "tables": b"<table><tr><td>",
    "rows": b"<tr><td>a<td>b",
    "text out of place": b"<table><b>x",
    "quotes": b"<blockquote>x</blockquote>",
    "quotes in quotes": b"<blockquote type=cite>",
    "lists": b"<ul><li>x",
    "images": b"<img src=cid:a alt=x>",
    "entities": b"&CounterClockwiseContourIntegral;",
    "numbers": b"&#1",
    "open angles": b"<",
    "comments": b"<!--",
    "styles": b"<style>",
    "scripts": b"<script>x</script>",
    "ends": b"</p></b>",
    "bodies": b"<body a=1>",
    "containers of quotes": b"<div class=gmail_quote>x</div>",
    "where quotes begin": b"<div id=appendonsend></div>",
    "headers of Outlook": b"<div class=OutlookMessageHeader></div>",
    "borders": b"<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>x</div>",
    "signatures": b"<div class=signature>x</div>",
    "hidden text": b"<span style=display:none>x</span>",
    "preformatted": b"<pre>a\n",
    "pictures": b"<img src='data:image/png;base64,AAAA'>",
    "pictures that never end": b'"data:image/png;base64,AAAA',
    "marks in attributes": b"<a b='>' c=\">\">x",
    "commands": b"#close<br>",
}
VALUES = {
    "addresses": b'"A B" <a@b.example>, ',
    "open quotes": b'"',
    "escaped quotes": b'\\"',
    "comments": b"(",
    "open angles": b"<",
    "at signs": b"a@",
    "colons": b":",
    "commas": b",",
    "semicolons": b"; ",
    "words": b"word, ",
    "spaces": b"a" + b" " * 900,
    "encoded words": b"=?utf-8?q?a?= ",
    "encoded words that never end": b"=?utf-8?q?",
    "encoded words of unknown charsets": b"=?x?q?=E4=B7?= ",
    "quoted local parts": b'"a b"@c.example, ',
    "folds": b"\r\n a",
    "8-bit": b"\xe4",
}
STRUCTURED = {
    "Subject": {"prefixes": b"Re: ", "tokens": b"[#1001] ", "open tokens": b"[# ", "marks": "\u0301\u0323".encode()},
    "References": {"ids": b"<a@b.example> ", "open ids": b"<a"},
    "Authentication-Results": {"results": b"; dmarc=pass", "signatures": b"; dkim=pass header.d=b.example"},
    "DKIM-Signature": {"tags": b"a=b; "},
    "Content-Type": {"parameters": b"; a=b", "numbered parameters": b"; a*1*=b", "open quotes": b'; a="b'},
    "Content-Disposition": {"parameters": b"; a=b"},
    "List-Id": {"dots": b"a."},
    "X-MS-Exchange-Organization-SCL": {"digits": b"1"},
    "X-Other": {"encoded words": b"=?utf-8?q?a b?= "},
}


def _constructs() -> Mapping[str, Make]:
    found: dict[str, Make] = {}
    for name, piece in LINES.items():
        found[f"{name} in an answer"] = body(piece)
    for name in ("quotes and answers", "copied headers", "rules with addresses", "attributions", "labels"):
        found[f"{name} in a forward"] = body(LINES[name], FORWARD)
        found[f"{name} in a new mail"] = body(LINES[name], NEW)
    for name, piece in REPORTED.items():
        found[f"{name} in a report"] = body(piece, REPORT)
    for name, piece in TAGS.items():
        found[f"{name} in a page"] = body(piece, kind=b"text/html")
    for name, piece in VALUES.items():
        found |= {f"{name} in {field_name}": field(field_name, piece) for field_name in ("From", "Cc")}
    for field_name, values in STRUCTURED.items():
        found |= {f"{name} in {field_name}": field(field_name, piece) for name, piece in values.items()}
    return found | _texts() | _mime() | _packed()


def _texts() -> dict[str, Make]:
    signed = b"-----BEGIN PGP SIGNED MESSAGE-----\r\n"
    reopened = b"<p>" + b"".join(b"<b a=%d>" % number for number in range(300)) + b"</p>"
    attribute = b"<div " + b" ".join(b"a%d=1" % number for number in range(2000)) + b">x</div>"
    return {
        "signatures of a signed text": body(b"-----BEGIN PGP SIGNATURE-----\r\n", start=signed + b"\r\nx\r\n"),
        "armour headers": body(b"Hash: SHA256\r\n", start=signed),
        "quotes above answers in a forward": lambda size: (
            FORWARD + b"\r\n" + filled(b"> q\r\n", size // 2) + filled(b"own words\r\n", size // 2)
        ),
        "formatting that is opened again in a page": body(b"<p>x</p>", kind=b"text/html", start=reopened),
        "options in a page": body(b"<option>x", kind=b"text/html", start=b"<select>"),
        "attributes in a page": body(attribute, kind=b"text/html"),
        "a page beside a text": lambda size: (
            header()
            + b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n"
            + filled(b"word word\r\n", size // 2)
            + b"--b\r\nContent-Type: text/html\r\n\r\n"
            + filled(b"<p>word word</p>", size // 2)
            + b"\r\n--b--\r\n"
        ),
        "flowed lines": body(b"> a \r\n", kind=b"text/plain; format=flowed"),
        "enriched": body(b"<param>a\n<<", kind=b"text/enriched"),
        "rich text": body(b"{\\par \\u65?\\'e4", kind=b"text/rtf", start=b"{\\rtf1\\ansi "),
        "Japanese": body(b"\x1b$B-!\x1b(B", kind=b"text/plain; charset=iso-2022-jp"),
        "UTF-7": body(b"+2D3cAA-", kind=b"text/plain; charset=utf-7"),
        "soft line ends": body(b"= \r\n=", header(Content_Transfer_Encoding=b"quoted-printable")),
        "blanks at soft line ends": body(b"=" + b" " * 500, header(Content_Transfer_Encoding=b"quoted-printable")),
        "base64 with words": body(b"QUJD\r\na b\r\n", header(Content_Transfer_Encoding=b"base64")),
    }


def _mime() -> dict[str, Make]:
    nested = b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (at, at + 1) for at in range(14)
    )
    report = b"Content-Type: message/delivery-status\r\n\r\n"
    recipient = b"Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n\r\n"
    mixed = b"multipart/mixed; boundary=b"
    return {
        "header fields": lambda size: header() + filled(b"X-A: b\r\n", size) + b"\r\nx",
        "broken header lines": lambda size: header() + filled(b"broken\r\nX: y\r\n", size) + b"\r\nx",
        "8-bit header fields": lambda size: header() + filled(b"X-A: \xe4\xf6\xb7 \x81\xa7\r\n", size) + b"\r\nx",
        "results fields": lambda size: (
            filled(b"Authentication-Results: mx; dmarc=pass\r\n", size) + header() + b"\r\nx"
        ),
        "From fields": lambda size: filled(b"From: a@b.example\r\n", size) + header() + b"\r\nx",
        "parts": parts(b"\r\nx"),
        "pages as parts": parts(b"Content-Type: text/html\r\n\r\n<p>x"),
        "files": parts(b"Content-Type: application/pdf; name=a.pdf\r\n\r\nx"),
        "forms of a text": parts(b"Content-Type: text/plain\r\n\r\nx", b"alternative"),
        "parts in parts": body(b"--b14\r\n\r\nx\r\n", kind=b"multipart/mixed; boundary=b0", start=nested),
        "boundaries on one line": body(b"--b", kind=mixed, start=b"--b\r\n\r\nx"),
        "boundaries that go on": body(b"--b x\r\n", kind=mixed),
        "a boundary that repeats itself": body(b"-", kind=b"multipart/mixed; boundary=" + b"-" * 60),
        "files of marks": file(lambda size: filled(b"<a&#1", size), b"text/html; name=a.html"),
        "files of encodings": file(lambda size: filled(b"=41QUJD" * 9 + b"\0\n", size), b"application/octet-stream"),
        "enclosed mails": parts(b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny"),
        "mails enclosed in each other": body(b"Content-Type: message/rfc822\r\n\r\n", kind=b"message/rfc822"),
        "reported recipients": lambda size: (
            header()
            + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
            + report
            + filled(recipient, size)
            + b"--b--\r\n"
        ),
        "reports": parts(report + recipient, b"report; report-type=delivery-status"),
        "calendar parts": parts(b"Content-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\nSUMMARY:x"),
        "a calendar": body(b'BEGIN:VEVENT\nX;A="b";;:c\n d\n', kind=b"text/calendar; method=REQUEST"),
    }


def _packed() -> dict[str, Make]:
    """What is packed in a file: TNEF (MS-OXTNEF), CMS (RFC 5652)."""
    smime, tnef = b"application/pkcs7-mime; name=smime.p7m", b"application/ms-tnef"
    string = struct.pack("<HHII", 0x1E, 0x1000, 1, 4) + b"abc\0"
    properties = struct.pack("<I", 20) + string * 20
    return {
        "attributes of a TNEF": file(lambda size: _tnef(((0x9002, b""), (0x8010, b"a\0"), (0x800F, b"x")), size), tnef),
        "properties of a TNEF": file(lambda size: _tnef(((0x9003, properties),), size), tnef),
        "octets of a signature": file(lambda size: _cms(_der(0x24, filled(b"\4\1a", size))), smime),
        "octets within each other": file(lambda size: _cms(b"\x24\x80" * 15 + filled(b"\4\1a", size)), smime),
        "compressed": file(
            lambda size: _cms(_der(4, zlib.compress(b"\n" * min(40 * size, 8_000_000))), "1.9.16.1.9"), smime
        ),
    }


def _tnef(attributes: tuple[tuple[int, bytes], ...], size: int) -> bytes:
    one = b"".join(b"\1" + struct.pack("<HHI", kind, 0, len(value)) + value + b"\0\0" for kind, value in attributes)
    return struct.pack("<IH", 0x223E9F78, 1) + filled(one, size)


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 128:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def _cms(octets: bytes, kind: str = "1.7.2") -> bytes:
    oid = bytes.fromhex("06092a864886f70d010702" if kind == "1.7.2" else "060b2a864886f70d0109100109")
    data = bytes.fromhex("06092a864886f70d010701")
    inner = b"\2\1\1\x31\0" + _der(0x30, data + _der(0xA0, octets))
    return _der(0x30, oid + _der(0xA0, _der(0x30, inner)))


CONSTRUCTS = _constructs()


def steps(raw: bytes) -> Mapping[str, float]:
    """Seconds of processor time of each step of the reading and the rules over a mail."""
    taken: dict[str, float] = {}

    def step(name: str, work: Callable[[], Any]) -> Any:
        out: list[Any] = []
        taken[name] = cost.seconds(lambda: out.append(work()))
        return out[0]

    config, envelope = desk(), Envelope("karen@client.example", ("support@bank.example",))

    def bare(subject: str) -> str:
        return strip_subject(subject, config.desk)

    opened = step("reading", lambda: read(raw, envelope))
    assert not any(defect.startswith("unreadable") for defect in opened.mail.defects), opened.mail.defects
    mail = step("list senders", lambda: read_through(opened.mail, addresses.read, lambda _: False))
    found = step("own words", lambda: read_body(mail, opened.page))
    step("digest", lambda: digest(mail, (), bare))
    step("duplicates", lambda: same_but_for_marks(mail, mail, bare))
    step("screening", lambda: classify(mail, envelope, KEYRING.is_ours, frozenset({"support@bank.example"})))
    step("spam", lambda: spam.mark(mail, "microsoft"))
    refs = step("threading", lambda: references(mail, found, envelope, KEYRING, config))
    step(
        "trust", lambda: identify(mail, refs, frozenset(), config, KEYRING, ("mx",), datetime(2026, 11, 20, tzinfo=UTC))
    )
    step("burnt keys", lambda: keys_to_burn(mail, KEYRING.find(mail.text), refs, config, KEYRING))
    step("links", lambda: without_link_lines(found.lines))
    step("files", lambda: ([*words_of(mail.attachments)], [*raw_of(mail.attachments)]))
    step("signatures", lambda: (signature_of(found.visible, SIGNER), learned(found.visible, SIGNER)))
    commands = step("commands", lambda: read_commands(found.lines))
    step("requesters' commands", lambda: read_requester_words(found.lines, "requester"))
    step("escapes", lambda: escaped(found.visible))
    step("forms", lambda: read_form(found.visible))
    step("forwarded text", lambda: forwarded.text_of(found.forward))
    step("excerpt", lambda: excerpt.cut(found.html, "\n".join(commands.rest)))
    step("ratings", lambda: read_rating(found.lines, SIGNER))
    step("thanks", lambda: only_thanks(found.visible, "Karen Client", ("Ann Key",)))
    step("corrections", lambda: corrected(found.lines, commands.problems))
    step("charsets mended", lambda: repaired(found.visible))
    step("another desk's marker", lambda: below_marker(found.visible))
    step("language", lambda: declared_language(mail))
    step("similar tickets", lambda: similar.words_of(mail.subject, found.visible, 40))
    step("marks like ours", lambda: set_off(words(found.visible, len(found.visible))))
    step("flowed", lambda: flow(found.visible))
    step("a gateway's links", lambda: (without_tags(mail.html), KEYRING.find(mail.text)))
    step("leak guard", lambda: leak(found.visible, internal=(mail.text,), public=(found.cut,), hidden_names=("IT",)))
    return taken


def growth(make: Make, size: int) -> tuple[float, str]:
    """How many times as much the steepest step costs at `size` as at an eighth of it, and its name.

    What costs less than a twentieth of an ordinary mail counts as that much.
    """
    least = cost.ordinary() / 20
    small, large = steps(make(size // cost.LARGER)), steps(make(size))
    return max((seconds / max(small[name], least), name) for name, seconds in large.items())


def main(size: int = 200_000, pattern: str = "") -> None:
    """Print the steepest step of each construct."""
    for name, make in CONSTRUCTS.items():
        if re.search(pattern, name):
            times, step = growth(make, size)
            print(f"{'*' if times > cost.LINEAR else ' '} {times:6.1f}  {name}: {step}", flush=True)


if __name__ == "__main__":
    main(*(int(each) if each.isdigit() else each for each in sys.argv[1:]))  # type: ignore[arg-type]
