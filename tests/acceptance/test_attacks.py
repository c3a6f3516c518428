"""Attacks on the desk, one test each, by the classes of docs/security.md.

Where the way in does not matter, the mails are played on a desk without sockets; what is done to an edge is
tested at that edge.
"""

from __future__ import annotations

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from textwrap import wrap

import pytest

from mailgate.cli.common import json_text, print_raw
from mailgate.outbound.maildir import MaildirRelay
from mailgate.outbound.payload import Payload
from mailgate.system.lock import Lock
from tests import cost
from tests.desk import ANN, CONFIG, KAREN, Bench, Sent, outside, to

MALLORY = "Mallory <mallory@evil.example>"
TRUSTED = ("mx.bank.example",)
FAILED = "mx.bank.example; dmarc=fail (p=reject) header.from=client.example"
PASSED = "mx.bank.example; dmarc=pass header.from=client.example"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, CONFIG)


def opened(bench: Bench) -> Sent:
    """A ticket of Karen's, and the alert that Ann has of it."""
    return to(bench.send(KAREN, "It is jammed.", subject="Printer"), "ann@bank.example")


def active(bench: Bench, number: int = 1001) -> set[str]:
    return {each.email for each in bench.ticket(number).collaborators if each.active}


# ── whose mail it is ────────────────────────────────────────────────────────────────────


LISTS = {
    "a field of Google Groups": {"X-Original-From": KAREN, "List-Id": "<x.evil.example>"},
    "a field of a mailing list": {"X-Original-Sender": "karen@client.example"},
    "Reply-To and a list's id": {"Reply-To": KAREN, "List-Id": "<x.evil.example>"},
    "Cc and a list's mark": {"Cc": KAREN, "List-Post": "<mailto:x@evil.example>", "Reply-To": "<x@evil.example>"},
}


@pytest.mark.parametrize("fields", LISTS.values(), ids=LISTS.keys())
def test_a_list_that_nobody_knows_speaks_for_no_requester(bench: Bench, fields: dict[str, str]) -> None:
    alert = opened(bench)
    bench.send(ANN, "#resolve\n\nIt works again.", answers=alert)
    bench.send("'Karen Client' via X <x@evil.example>", "Pay at evil.example.", subject="[#1001] P", headers=fields)
    assert bench.ticket().status.value == "resolved"
    assert "Pay at" not in str(bench.thread())


@pytest.mark.parametrize("fields", LISTS.values(), ids=LISTS.keys())
def test_a_list_that_nobody_knows_speaks_for_no_agent(bench: Bench, fields: dict[str, str]) -> None:
    opened(bench)
    named = {name: value.replace(KAREN, ANN).replace("karen@client", "ann@bank") for name, value in fields.items()}
    bench.send("'Ann Reyes' via X <x@evil.example>", "#close", subject="[#1001] P", headers=named)
    assert bench.ticket().status.value == "open"


RESULTS = {
    "a comment": "mx.bank.example; spf=pass (dmarc=pass header.from=client.example)",
    "a quoted reason": 'mx.bank.example; spf=fail reason="x; dmarc=pass header.from=client.example"',
    "a quoted greeting": 'mx.bank.example; spf=none smtp.helo="a;dmarc=pass header.from=client.example"',
    "another domain": "mx.bank.example; dmarc=pass header.from=evil.example",
    "no domain": "mx.bank.example; dmarc=pass",
    "two results": "mx.bank.example; dmarc=pass header.from=client.example; dmarc=none header.from=client.example",
    "another server": "mx.evil.example; dmarc=pass header.from=client.example",
    "a server whose name begins alike": "mx.bank.example.evil.example; dmarc=pass header.from=client.example",
    "a server whose name has a letter that looks alike": "mx.ban\u212a.example; dmarc=pass header.from=client.example",
    "a second domain": "mx.bank.example; dmarc=pass header.from=evil.example (header.from=client.example)",
    "a field of policy": "mx.bank.example; dkim=pass policy.dmarc=pass header.from=client.example",
}


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS.keys())
def test_words_that_look_like_a_result_are_none(bench: Bench, result: str) -> None:
    raw = f"Authentication-Results: {result}\r\n".encode() + bench.write(KAREN, "x", cc=EVE)
    bench.accept(raw, authserv_ids=TRUSTED)
    bench.drain()
    assert active(bench) == set()


def test_a_result_in_a_second_field_of_the_server_counts(bench: Bench) -> None:
    raw = bench.write(KAREN, "x", cc="dan@other.example")
    head = f"Authentication-Results: mx.bank.example; spf=pass\r\nAuthentication-Results: {PASSED}\r\n"
    bench.accept(head.encode() + raw, authserv_ids=TRUSTED)
    bench.drain()
    assert active(bench) == {"dan@other.example"}
    bench.accept(head.replace("spf=pass", FAILED.partition("; ")[2]).encode() + raw, authserv_ids=TRUSTED)


def test_a_failure_in_any_field_of_the_server_counts(bench: Bench) -> None:
    raw = bench.write(KAREN, "x", cc="dan@other.example")
    head = f"Authentication-Results: {PASSED}\r\nAuthentication-Results: {FAILED}\r\n"
    bench.accept(head.encode() + raw, authserv_ids=TRUSTED)
    assert [mail.kind for mail in bench.drain() if mail.to == "karen@client.example"] == []
    assert active(bench) == set()


@pytest.mark.parametrize("address", ["ann@baßk.example", "ann@b\u200dank.example", "ann@baｎk.example.evil.example"])
def test_a_domain_that_looks_like_an_agents_is_another(tmp_path: Path, address: str) -> None:
    bench = Bench(tmp_path, CONFIG.replace("ann@bank.example", "ann@bassk.example"))
    alert = to(bench.send(KAREN, "It is jammed.", subject="Printer"), "ann@bassk.example")
    bench.send(f"Ann <{address}>", "#close", answers=alert)
    assert bench.ticket().status.value == "open"


NAMES = (
    '"ann@bank.example" <mallory@evil.example>',
    '"Karen Client <karen@client.example>" <mallory@evil.example>',
    "=?utf-8?q?karen=40client=2Eexample?= <mallory@evil.example>",
    "karen\uff20client.example <mallory@evil.example>",
)


@pytest.mark.parametrize("sender", NAMES)
def test_a_name_that_is_an_address_is_not_shown(bench: Bench, sender: str) -> None:
    mails = bench.send(sender, "Please call me.")
    alert = to(mails, "ann@bank.example")
    assert "mallory@evil.example" in alert.text
    assert "karen@client.example" not in alert.text
    assert "ann@bank.example" not in alert.text.partition("Claim:")[0]


COPIES = {
    "to a stranger": ("eve@evil.example", set()),
    "to their own company": ("boss@client.example", {"boss@client.example"}),
    "to both": ("boss@client.example, eve@evil.example", {"boss@client.example"}),
    "to a host that begins alike": ("eve@client.example.evil.example", set()),
}


@pytest.mark.parametrize(("cc", "expected"), COPIES.values(), ids=COPIES.keys())
def test_a_copy_of_a_mail_that_nothing_proves_adds_strangers_to_nothing(
    bench: Bench, cc: str, expected: set[str]
) -> None:
    alert = to(bench.send(KAREN, "x", cc=cc), "ann@bank.example")
    assert active(bench) == expected
    mails = bench.send(ANN, "The answer.", answers=alert)
    assert {mail.to for mail in outside(mails)} == {"karen@client.example", *expected}


def test_an_agent_adds_who_waits_by_a_link(bench: Bench) -> None:
    alert = to(bench.send(KAREN, "x", cc="Dan Other <dan@other.example>"), "ann@bank.example")
    assert "Dan Other" in alert.text.partition("wrote:")[0]
    bench.write_by_link(alert, "Add Dan Other", "")
    assert active(bench) == {"dan@other.example"}


def test_copies_that_wait_take_nobodys_place(bench: Bench) -> None:
    crowd = ", ".join(f"c{number}@evil.example" for number in range(12))
    alert = to(bench.send(KAREN, "x", cc=crowd), "ann@bank.example")
    bench.send(ANN, "#cc dan@other.example", answers=alert)
    assert active(bench) == {"dan@other.example"}


@pytest.mark.parametrize(
    "sender",
    [
        "First Bank <support@bank.example>",
        "Form <support+web@bank.example>",
        "Other <outages@bank.example>",
    ],
)
def test_an_answer_to_the_desk_itself_goes_round_nobody(bench: Bench, sender: str) -> None:
    mails = bench.send(sender, "Please call me.")
    assert [mail.kind for mail in mails if mail.to.startswith(("support", "outages"))] == []
    assert "an answer would reach nobody" in to(mails, "ann@bank.example").text or bench.ticket().requester.email == ""


# ── files are told apart like words ─────────────────────────────────────────────────────

PICTURE = b"\x89PNG\r\n\x1a\n an internal drawing"
SECRET = "zebra canary forty two purple monkey"


def noted(bench: Bench, alert: Sent, name: str = "drawing.png", content: bytes = PICTURE) -> Sent:
    """Elliot's alert of a note of Ann's with a file."""
    mails = bench.send(ANN, f"#note\n\n{SECRET}.", answers=alert, files=((name, "image/png", content),))
    return to(mails, "elliot@bank.example")


def with_picture(bench: Bench, alert: Sent, page: str, *, cid: str = "p1@x", content: bytes = PICTURE) -> bytes:
    """Ann's answer as a page with an embedded picture."""
    raw = bench.write(ANN, "unused", answers=alert)
    head = raw.partition(b"\r\n\r\n")[0].decode()
    fields = [line for line in head.split("\r\n") if not line.lower().startswith(("content-", "mime-"))]
    parts = (
        f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{page}\r\n--b\r\n"
        f"Content-Type: image/png; name=p.png\r\nContent-ID: <{cid}>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    body = parts + b64encode(content).decode() + "\r\n--b--\r\n"
    kind = "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n"
    return "\r\n".join((*fields, kind)).encode() + body.encode()


def answered(bench: Bench, raw: bytes) -> str:
    """What went outside."""
    bench.accept(raw)
    return "\n".join(mail.data.decode("utf-8", "replace") for mail in outside(bench.drain()))


QUOTED_PAGES = {
    "Apple Mail": "<p>We look into it.</p><blockquote type=cite><p>A note</p><img src='cid:p1@x'></blockquote>",
    "Outlook": (
        "<p>We look into it.</p><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>"
        "<p><b>From:</b> First Bank<br><b>Sent:</b> Monday</p></div><p><img src='cid:p1@x'></p>"
    ),
    "our own marker alone": (
        "<p>We look into it.</p><p>##- Write your answer above this line -##</p><p>A note</p><img src='cid:p1@x'>"
    ),
    "an announcing line": (
        "<p>We look into it.</p><p>On Mon, Nov 2, 2026 at 10:00 AM First Bank &lt;support@bank.example&gt; wrote:</p>"
        "<p>A note <img src=cid:p1%40x></p>"
    ),
}


@pytest.mark.parametrize("page", QUOTED_PAGES.values(), ids=QUOTED_PAGES.keys())
def test_a_picture_of_the_quoted_mail_goes_nowhere(bench: Bench, page: str) -> None:
    gone = answered(bench, with_picture(bench, opened(bench), page, content=PICTURE + b"changed"))
    assert "We look into it." in gone
    assert b64encode(PICTURE)[:20].decode() not in gone


def test_a_picture_of_the_agents_own_goes_along(bench: Bench) -> None:
    page = f"<p>See <img src='cid:p1@x'></p>{QUOTED_PAGES['Apple Mail'].partition('</p>')[2]}"
    gone = answered(bench, with_picture(bench, opened(bench), page))
    assert b64encode(PICTURE)[:20].decode() in gone


@pytest.mark.parametrize("name", ["drawing.png", "holiday.jpg", "x"])
def test_a_file_of_a_note_holds_the_reply_under_any_name(bench: Bench, name: str) -> None:
    alert = opened(bench)
    noted(bench, alert)
    mails = bench.send(ANN, "See the file.", answers=alert, files=((name, "application/octet-stream", PICTURE),))
    assert outside(mails) == []
    assert [mail.kind for mail in mails] == ["held"]


FILES = {
    "wide characters with their mark": SECRET.encode("utf-16"),
    "wide characters in a file of Outlook's": b"\xd0\xcf\x11\xe0\0\0\1" + SECRET.encode("utf-16-le") + b"\0\0\3\0",
    "base64": b"Content:\n" + b64encode(b"x" * 60 + b"\n" + SECRET.encode()),
    "quoted-printable": SECRET.replace("a", "=61").encode(),
    "behind three megabytes": b"filler words and more\n" * 150_000 + SECRET.encode(),
    "a page": SECRET.replace(" ", "</b> <i>").encode(),
    "rich text": b"{\\rtf1 " + SECRET.replace(" ", "\\~").encode() + b"}",
    "a link": SECRET.replace(" ", "%20").encode(),
    "a mailbox file": b"From a@b Mon Nov  2 10:00:00 2026\nSubject: x\n\n" + b64encode(SECRET.encode()),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES.keys())
def test_the_guard_reads_files_in_every_encoding_to_their_end(bench: Bench, content: bytes) -> None:
    alert = opened(bench)
    noted(bench, alert)
    mails = bench.send(ANN, "See the file.", answers=alert, files=(("a.dat", "application/octet-stream", content),))
    assert outside(mails) == []


@pytest.mark.parametrize("form", ["plain", "utf-16-le", "base64", "far down"])
def test_a_key_in_a_file_never_leaves(bench: Bench, form: str) -> None:
    alert = opened(bench)
    key = alert.message_id.encode()
    forms = {
        "plain": key,
        "utf-16-le": alert.message_id.encode("utf-16-le"),
        "base64": b64encode(b"In-Reply-To: " + key + b" and more of it"),
        "far down": b"\xff\xd8" + b"\x01" * 3_000_000 + key,
    }
    mails = bench.send(ANN, "See it.", answers=alert, files=(("a.msg", "application/octet-stream", forms[form]),))
    assert outside(mails) == []


MASKED = CONFIG.replace('name = "First Bank Support"', 'name = "First Bank Support"\nfrom = "{address}"')
TELLS = {
    "an S/MIME signature": ("smime.p7s", "application/pkcs7-signature", b"CN=Ann Reyes"),
    "a PGP signature": ("OpenPGP_signature.asc", "application/pgp-signature", b"Ann Reyes"),
    "a visiting card": ("a.vcf", "text/vcard", b"FN:Ann Reyes"),
    "a visiting card as text": ("me.VCF", "text/plain", b"FN:Ann Reyes"),
    "a visiting card under another name": ("data.bin", "application/octet-stream", b"BEGIN:VCARD\r\nFN:Ann Reyes"),
    "a public key": ("OpenPGP_0x12.asc", "application/pgp-keys", b"uid Ann Reyes"),
    "a mail that only Outlook opens": ("winmail.dat", "application/ms-tnef", b"Ann Reyes"),
}


@pytest.mark.parametrize("file", TELLS.values(), ids=TELLS.keys())
def test_what_tells_who_a_masked_agent_is_stays_inside_and_they_are_told(tmp_path: Path, file) -> None:
    bench = Bench(tmp_path, MASKED)
    alert = opened(bench)
    mails = bench.send(ANN, "We look into it.", answers=alert, files=(file,))
    (gone,) = outside(mails)
    assert file[0] not in gone.everything
    assert b64encode(file[2])[:12] not in gone.data
    told = to(mails, "ann@bank.example")
    assert (told.kind, file[0] in told.text) == ("answer", True)
    mails = bench.send(ANN, "It works again.", answers=alert, files=(file,))
    again = [mail.kind for mail in mails if mail.to == "ann@bank.example"]
    meant = b"FN:" in file[2]  # somebody attaches a card; a program adds the others to each mail
    assert again == (["answer"] if meant else []), "what comes with each mail is said once on a ticket"


def test_a_card_of_an_agent_whose_name_is_shown_goes_along(bench: Bench) -> None:
    mails = bench.send(ANN, "We look.", answers=opened(bench), files=(("a.vcf", "text/vcard", b"FN:Ann Reyes"),))
    (gone,) = outside(mails)
    assert "a.vcf" in gone.data.decode()


# ── keys that others hold ───────────────────────────────────────────────────────────────

Carrier = Callable[[str], dict[str, object]]
CARRIERS: dict[str, Carrier] = {
    "a field of no standing": lambda key: {"headers": {"X-Thread": f"<{key}@bank.example>"}},
    "the first of a hundred references": lambda key: {
        "headers": {"References": f"<{key}@bank.example> " + " ".join(f"<{n}@x.example>" for n in range(100))}
    },
    "the name of a file": lambda key: {"files": ((f"{key}.eml", "application/octet-stream", b"x"),)},
    "a link that a gateway wrote anew": lambda key: {
        "text": "See.",
        "html": f'<a href="https://safe.example/?u={key.replace(".", "%252E")}%2540bank.example">x</a>',
    },
    "a word with soft hyphens": lambda key: {"text": "See.", "html": f"<p>{key[:20]}&shy;{key[20:]}</p>"},
    "far down in a text": lambda key: {"text": "See below.\n\n" + "word word word\n" * 40_000 + f"Ref: {key}\n"},
    "a text that a program wrapped": lambda key: {"text": f"See below.\n\n> {key[:40]}\n> {key[40:]}\n"},
    "an attached mail": lambda key: {
        "files": (("a.eml", "message/rfc822", f"Message-ID: <{key}@b>\r\n\r\nx".encode()),)
    },
    "a mail that Outlook attached": lambda key: {
        "files": (("a.msg", "application/vnd.ms-outlook", b"\xd0\xcf\x11\xe0" + key.encode("utf-16-le")),)
    },
    "a mail in base64 in an attached one": lambda key: {
        "files": (
            (
                "a.eml",
                "message/rfc822",
                b"Content-Transfer-Encoding: base64\r\n\r\n" + b64encode(b"x" * 70 + key.encode() + b"x" * 70),
            ),
        )
    },
}


@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=CARRIERS.keys())
def test_a_key_that_was_seen_outside_opens_nothing_more(bench: Bench, carrier: Carrier) -> None:
    alert = opened(bench)
    key = str(alert.message["Message-ID"]).strip("<>").partition("@")[0]
    given = {"text": "See below.", **carrier(key)}
    bench.send(ANN, subject="Printer", cc="printers@vendor.example", answers=None, **given)
    bench.send(ANN, "#close", answers=alert)
    assert bench.ticket().status.value == "open"


@pytest.mark.parametrize("field", ["Content-Description: {}", "Content-Location: mid:{}@bank.example", "X-Was: {}"])
def test_a_key_in_the_header_of_a_part_is_seen(bench: Bench, field: str) -> None:
    alert = opened(bench)
    key = str(alert.message["Message-ID"]).strip("<>").partition("@")[0]
    part = f"--b\r\nContent-Type: image/png; name=a.png\r\n{field.format(key)}\r\n\r\nx\r\n--b--\r\n"
    head = f"From: {MALLORY}\r\nTo: support@bank.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    bench.accept(f"{head}--b\r\n\r\nSee.\r\n{part}".encode())
    bench.drain()
    bench.send(ANN, "#close", answers=alert)
    assert bench.ticket().status.value == "open"


def test_a_key_in_a_second_copy_of_a_mail_is_seen_all_the_same(bench: Bench) -> None:
    alert = opened(bench)
    bench.send(ANN, "It will be mended.", answers=alert, message_id="<one@bank.example>")
    bench.send(ANN, "It will be mended.", answers=alert, message_id="<one@bank.example>", cc="printers@vendor.example")
    assert bench.last()["reason"] == "duplicate"
    bench.send(ANN, "#close", answers=alert)
    assert bench.ticket().status.value == "open"


def test_a_colleague_who_got_a_copy_acts_as_nobody_else(bench: Bench) -> None:
    alert = opened(bench)
    bench.send(ANN, "#note\n\nJust so you know.", answers=alert, cc="elliot@bank.example")
    bench.send(ANN, "#close", answers=alert)  # from Elliot's program
    assert bench.ticket().status.value == "open"


def attached(bench: Bench, alert: Sent, sender: str, kind: str, **fields: str) -> bytes:
    """The alert as an attachment of a mail."""
    raw = bench.write(sender, "see", **fields)
    head = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    kept = b"\r\n".join(line for line in head if not line.lower().startswith((b"content-", b"mime")))
    body = b"--b\r\nContent-Type: text/plain\r\n\r\nsee\r\n--b\r\nContent-Type: %s\r\n\r\n%s\r\n--b--\r\n"
    mime = b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    return kept + mime + body % (kind.encode(), alert.data)


def twice(bench: Bench, alert: Sent) -> None:
    """A mail of its agent's, and a copy that also went to an outsider, which is dropped as a duplicate."""
    raw = bench.write(ANN, "hello", answers=alert)
    bench.accept(raw)
    bench.drain()
    bench.accept(raw.replace(b"\r\nSubject:", b"\r\nCc: eve@evil.example\r\nSubject:", 1))


EVE = "eve@evil.example"
VERA = "Vera View <vera@bank.example>"
DISCLOSED = {
    "a copy to an outsider": lambda bench, alert: bench.take(ANN, "x", answers=alert, cc=EVE),
    "a copy to a colleague": lambda bench, alert: bench.take(ANN, "#note\n\nx", answers=alert, cc="bob@bank.example"),
    "a colleague's answer": lambda bench, alert: bench.take(VERA, "x", answers=alert),
    "a header": lambda bench, alert: bench.take(MALLORY, "x", headers={"X-Was": alert.message_id}),
    "the last of many ids": lambda bench, alert: bench.take(
        MALLORY, "x", headers={"References": "<a@b.example> " * 300 + alert.message_id}
    ),
    "far down in a text": lambda bench, alert: bench.take(MALLORY, "filler " * 60_000 + alert.message_id),
    "far down in a page": lambda bench, alert: bench.take(MALLORY, "x", html=f"<p>{'x ' * 200_000}{alert.message_id}"),
    "wrapped and quoted": lambda bench, alert: bench.take(
        MALLORY, f"> {alert.message_id[:30]}\n> {alert.message_id[30:]}"
    ),
    "forwarded as an attachment by its agent": lambda bench, alert: bench.accept(
        attached(bench, alert, ANN, "message/rfc822", cc=EVE)
    ),
    "attached by a stranger": lambda bench, alert: bench.accept(attached(bench, alert, MALLORY, "message/rfc822")),
    "only its header attached": lambda bench, alert: bench.accept(
        attached(bench, alert, MALLORY, "text/rfc822-headers")
    ),
    "a file of any kind": lambda bench, alert: bench.take(
        MALLORY, "x", files=(("m.eml", "application/octet-stream", alert.data),)
    ),
    "an absence": lambda bench, alert: bench.take(
        MALLORY, "x", headers={"Auto-Submitted": "auto-replied", "In-Reply-To": alert.message_id}
    ),
    "a duplicate": twice,
}


@pytest.mark.parametrize("disclose", DISCLOSED.values(), ids=DISCLOSED.keys())
def test_a_key_that_somebody_else_has_seen_gives_no_power(bench: Bench, disclose) -> None:
    alert = opened(bench)
    disclose(bench, alert)
    bench.drain()
    (confirm,) = [mail for mail in bench.send(ANN, "#close", answers=alert) if mail.to == "ann@bank.example"]
    assert (confirm.kind, bench.ticket().status.value) == ("confirm", "open")


def known_to_eve(bench: Bench) -> dict[str, dict[str, str]]:
    """What Eve knows of Karen's ticket, as headers of a mail: Karen had her in Cc of an answer to all."""
    alert = to(
        bench.send(KAREN, "It is jammed.", subject="Printer", message_id="<karens@client.example>"), "ann@bank.example"
    )
    (reply,) = outside(bench.send(ANN, "We look.", answers=alert))
    bench.send(KAREN, "Thank you.", answers=reply, cc=EVE)
    bench.send(ANN, f"#uncc {EVE}", answers=alert)
    return {
        "the number alone": {},
        "an id of the requester's": {"References": "<karens@client.example>"},
        "the ticket's anchor": {"References": str(reply.message["References"]).split()[0]},
        "the key that she answered": {"In-Reply-To": reply.message_id},
        "all of them": {"In-Reply-To": reply.message_id, "References": f"<karens@client.example> {reply.message_id}"},
    }


FORGED_WORDS = {
    "a command": {"text": "#close"},
    "a question": {"text": "#status\n#help"},
    "another reader": {"text": "See it.", "cc": "mallory@evil.example"},
    "a command below Cc": {"text": "#close\n\nAll is well.", "cc": "mallory@evil.example"},
}


@pytest.mark.parametrize("known", ["the number alone", "an id of the requester's", "the ticket's anchor"])
@pytest.mark.parametrize("words", FORGED_WORDS.values(), ids=FORGED_WORDS.keys())
def test_an_id_that_others_know_adds_words_and_nothing_else(bench: Bench, known: str, words: dict[str, str]) -> None:
    headers = known_to_eve(bench)[known]
    mails = bench.send(KAREN, subject="Re: [#1001] Printer", headers=headers, **words)
    assert (bench.ticket().status.value, active(bench), outside(mails)) == ("open", set(), [])
    assert bench.thread()[-1] == ("message", words["text"])


@pytest.mark.parametrize("known", ["the key that she answered", "all of them"])
@pytest.mark.parametrize("words", FORGED_WORDS.values(), ids=FORGED_WORDS.keys())
def test_a_requesters_key_that_a_reader_in_copy_has_seen_adds_words_and_nothing_else(
    bench: Bench, known: str, words: dict[str, str]
) -> None:
    headers = known_to_eve(bench)[known]
    mails = bench.send(KAREN, subject="Re: [#1001] Printer", headers=headers, **words)
    assert (bench.ticket().status.value, active(bench), outside(mails)) == ("open", set(), [])
    assert bench.thread()[-1] == ("message", words["text"])


def test_a_requesters_key_that_nobody_else_has_seen_acts_for_them(bench: Bench) -> None:
    (reply,) = outside(bench.send(ANN, "We look.", answers=opened(bench)))
    bench.send(KAREN, "#close", answers=reply)
    assert bench.ticket().status.value == "closed"


def test_a_key_that_a_reader_in_copy_has_seen_rates_nothing(bench: Bench) -> None:
    (solved,) = outside(bench.send(ANN, "#resolve\n\nIt works.", answers=opened(bench)))
    bench.send(KAREN, "Thank you.", answers=solved, cc=EVE)
    bench.send(KAREN, "bad", answers=solved)
    assert bench.ticket().satisfaction == ""


def test_a_leaving_in_a_collaborators_name_is_words(bench: Bench) -> None:
    bench.send(KAREN, "It is jammed.", subject="Printer", cc="boss@client.example")
    bench.send("boss@client.example", "#leave", subject="[#1001] Printer")
    assert active(bench) == {"boss@client.example"}


def test_a_key_that_only_its_agent_has_seen_keeps_its_power(bench: Bench) -> None:
    alert = opened(bench)
    bench.send(ANN, "We look.", answers=alert)
    bench.send(KAREN, "Thank you.", subject="[#1001] Printer")
    bench.send(ANN, "#close", answers=alert)
    assert bench.ticket().status.value == "closed"


@pytest.mark.parametrize("form", [str, str.upper, lambda key: key.replace("bank", "BANK")])
def test_a_key_that_this_database_never_sent_gives_no_power(tmp_path: Path, form) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    other = Bench(tmp_path / "other", CONFIG)
    foreign = [opened(other), to(other.send(KAREN, "More", subject="Fax"), "ann@bank.example")][1]
    bench = Bench(tmp_path / "one", CONFIG)  # the same secret, another database
    opened(bench)
    headers = {"In-Reply-To": form(foreign.message_id)}
    bench.send(ANN, "#close", subject="[#1001] Printer", headers=headers)
    assert bench.ticket().status.value == "open"


# ── hostile size ────────────────────────────────────────────────────────────────────────

ANSWER = (
    b"From: Karen Client <karen@client.example>\r\nTo: support@bank.example\r\nSubject: Re: [#1001] P\r\n"
    b"Message-ID: <big@client.example>\r\nIn-Reply-To: <x@bank.example>\r\n"
)
FORWARD = ANSWER.replace(b"Re: [#1001] P", b"Fwd: [#1001] P").replace(b"In-Reply-To: <x@bank.example>\r\n", b"")
PARTS = ANSWER + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
PAGE = ANSWER + b"Content-Type: text/html\r\n\r\n"
SIZES = {
    "75,000 PGP signature markers": ANSWER
    + b"\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\nHello\r\n"
    + b"-----BEGIN PGP SIGNATURE-----\r\n" * 75_000,
    "30,000 #close lines": ANSWER + b"\r\n" + b"#close\r\n" * 30_000 + b"Hello",
    "40,000 combining marks": ANSWER
    + b"Content-Type: text/plain; charset=utf-8\r\n\r\nHello"
    + b"\xcc\x81\xcc\xa3" * 20_000,
    "800,000 boundaries on one line": PARTS + b"--b\r\n\r\nHello" + b"--b" * 800_000,
    "quotes above 10,000 answers, forwarded": FORWARD + b"\r\n" + b"> quoted\r\n" * 5000 + b"Hello there\r\n" * 10_000,
    "formatting that each paragraph opens again": PAGE
    + b"<p>Hello"
    + b"".join(b"<b a=%d>" % number for number in range(399))
    + b"</p>"
    + b"<p>x</p>" * 20_000,
    "40,000 options of one choice": PAGE + b"<p>Hello</p><select>" + b"<option>x" * 40_000,
    "a million at signs behind a rule": FORWARD + b"\r\nHello\r\n" + (b"-- x -- " + b"a.a@" * 480 + b": \r\n") * 500,
    "a million quote marks": ANSWER + b"\r\nHello\r\n" + b"> " * 500_000,
}


@pytest.mark.parametrize("raw", SIZES.values(), ids=SIZES.keys())
def test_a_mail_of_hostile_size_costs_little_and_adds_its_words(bench: Bench, raw: bytes) -> None:
    """Each of these has held the desk for minutes, or forever."""
    opened(bench)
    bench.accept(raw, authserv_ids=TRUSTED)
    assert cost.in_mails(bench.drain) < cost.MOST
    assert "Hello" in bench.thread()[-1][1]


def crowded(folder: Path, count: int) -> Bench:
    """A desk with a ticket of many messages, notes and answers."""
    folder.mkdir()
    bench = Bench(folder, CONFIG)
    alert = opened(bench)
    for number in range(count):
        bench.take(KAREN, f"It is still jammed, {number} times.", subject="[#1001] Printer")
        bench.take(ANN, f"#note\n\nThe vendor was called {number} times.", answers=alert)
    bench.drain()
    return bench


def test_a_thread_of_eight_times_the_entries_costs_no_more_than_in_proportion(tmp_path: Path) -> None:
    """Whatever a mail makes of the thread: a message, an answer that the leak guard reads, all of it shown."""

    def work(bench: Bench) -> float:
        alert = to(bench.send(KAREN, "And now?", subject="[#1001] Printer"), "ann@bank.example")

        def answer() -> None:
            bench.send(ANN, "We come tomorrow and look at it.", answers=alert)
            bench.send(ANN, "#show full", answers=alert)

        return cost.seconds(answer)

    few, many = crowded(tmp_path / "few", 8), crowded(tmp_path / "many", 8 * cost.LARGER)
    assert min(work(many) for _ in range(2)) < cost.LINEAR * min(work(few) for _ in range(2))


def test_a_page_stays_within_three_times_its_size(bench: Bench) -> None:
    alert = opened(bench)
    page = "<p>" + "".join(f"<b title={number}>" for number in range(60)) + "</p>" + "<p>x" * 1500
    sent = bench.send(ANN, "x", html=page, answers=alert)
    assert all(len(mail.part("html")) < 3 * len(page) + 30_000 for mail in sent)


@pytest.mark.parametrize("number", ["9" * 5000, "x" + "f" * 9000])
def test_a_number_of_thousands_of_digits_in_a_file_is_no_fault(bench: Bench, number: str) -> None:
    alert = opened(bench)
    file = ("page.html", "text/html", f"<p>&#{number};</p>".encode())
    sent = bench.send(ANN, "See the page.", answers=alert, files=(file,))
    assert [mail.to for mail in outside(sent)] == ["karen@client.example"]


# ── reports and limits ──────────────────────────────────────────────────────────────────

DEAD = "Final-Recipient: rfc822; {to}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 no such user\r\n"


def forged_report(returned: str, recipient: str, number: int = 0) -> bytes:
    """A report in the name of a mail server."""
    return (
        f"From: MAILER-DAEMON@mx{number}.example\r\nTo: support@bank.example\r\nSubject: Undelivered Mail\r\n"
        f"Message-ID: <dsn.{number}.{hash(returned)}@mx.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"{DEAD.format(to=recipient)}\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {returned}\r\nSubject: x\r\n\r\n--b--\r\n"
    ).encode()


def forged_prose(returned: str, recipient: str, number: int = 0) -> bytes:
    """The same in the words of an old server."""
    return (
        f"From: MAILER-DAEMON@mx{number}.example\r\nTo: support@bank.example\r\nSubject: failure notice\r\n"
        f"Message-ID: <old.{number}.{hash(returned)}@mx.example>\r\n\r\nI could not deliver it.\r\n\r\n"
        f"<{recipient}>:\r\n550 5.1.1 no such user\r\n\r\n--- Below this line is a copy of the message.\r\n\r\n"
        f"Return-Path: <support@bank.example>\r\nMessage-ID: {returned}\r\nFrom: support@bank.example\r\n\r\nx\r\n"
    ).encode()


@pytest.mark.parametrize("report", [forged_report, forged_prose])
@pytest.mark.parametrize("count", [1, 4])
def test_who_has_read_one_mail_of_ours_makes_nobody_dead(bench: Bench, report, count: int) -> None:
    mails = bench.send(KAREN, "It is jammed.", subject="Printer")
    for number in range(count):
        bench.accept(
            report(to(mails, "karen@client.example").message_id, "karen@client.example", number), envelope_from=""
        )
    bench.drain()
    sent = bench.send(ANN, "We come.", answers=to(mails, "ann@bank.example"))
    assert "karen@client.example" in {mail.to for mail in sent if mail.kind == "reply"}


@pytest.mark.parametrize("report", [forged_report, forged_prose])
def test_who_knows_the_id_of_a_mail_does_not_know_where_its_bounces_go(tmp_path: Path, report) -> None:
    bench = Bench(tmp_path, CONFIG.replace('path = "out"', 'path = "out"\nenvelope = "verp"'))
    mails = bench.send(KAREN, "It is jammed.", subject="Printer")
    known = to(mails, "karen@client.example").message_id
    made_up = f"support+b{known.strip('<>').partition('@')[0]}@bank.example"
    bench.accept(report(known, "karen@client.example"), rcpt=(made_up,), envelope_from="")
    bench.drain()
    sent = bench.send(ANN, "We come.", answers=to(mails, "ann@bank.example"))
    assert "karen@client.example" in {mail.to for mail in sent if mail.kind == "reply"}


def test_reports_about_ids_that_others_have_seen_make_nobody_dead(bench: Bench) -> None:
    """Eve was in copy of two answers to all, and so has two ids of mails to Karen."""
    alert = opened(bench)
    for number, text in enumerate(("We look.", "We come.")):
        reply = to(outside(bench.send(ANN, text, answers=alert)), "karen@client.example")
        bench.send(KAREN, f"Thank you {number}.", answers=reply, cc=EVE)
        bench.send(ANN, f"#uncc {EVE}", answers=alert)
        bench.accept(forged_report(reply.message_id, "karen@client.example", number), envelope_from="")
        bench.drain()
        alert = [mail for mail in bench.sent() if mail.to == "ann@bank.example" and mail.kind == "new-message"][-1]
    sent = bench.send(ANN, "It is done.", answers=alert)
    assert "karen@client.example" in {mail.to for mail in sent if mail.kind == "reply"}


@pytest.mark.parametrize("report", [forged_report, forged_prose])
def test_no_report_makes_an_agent_dead(bench: Bench, report) -> None:
    for number in range(3):
        mails = bench.send(f"c{number}@client.example", "Hello", subject=f"Matter {number}")
        bench.accept(report(to(mails, "ann@bank.example").message_id, "ann@bank.example", number), envelope_from="")
        bench.drain()
    assert "ann@bank.example" in {mail.to for mail in bench.send(KAREN, "Hello", subject="New")}


def proven(bench: Bench, text: str, **more: str) -> list[Sent]:
    """A mail of Karen's that passed DMARC."""
    headers = {"Authentication-Results": PASSED}
    return bench.send(KAREN, text, headers=headers, authserv_ids=TRUSTED, **more)


FORGERIES = {"without any result": {}, "that failed": {"Authentication-Results": FAILED}}


@pytest.mark.parametrize("headers", FORGERIES.values(), ids=FORGERIES.keys())
@pytest.mark.parametrize("limit", ['[notices]\nlimit_per_sender = "2/1h"', "[tickets]\nmax_open_per_requester = 2"])
def test_forged_mail_uses_up_nobodys_limits(tmp_path: Path, headers: dict[str, str], limit: str) -> None:
    bench = Bench(tmp_path, f"{CONFIG}\n{limit}\n")
    for number in range(4):
        bench.send(KAREN, f"Forged {number}", subject=f"Forged {number}", headers=headers, authserv_ids=TRUSTED)
    mails = proven(bench, "Help me.", subject="Genuine")
    assert ("acknowledgement", "karen@client.example") in {(mail.kind, mail.to) for mail in mails}
    assert bench.last()["state"] == "done"


FLOODS = {
    "tickets in a requester's name": ('limit_per_sender = "3/1h"', lambda n: {"subject": f"Forged {n}"}),
    "messages in a requester's name": (
        'follow_up = true\nlimit_per_sender = "100/1h"',
        lambda n: {"subject": "[#1001] Printer"},
    ),
    "both, that failed": (
        'follow_up = true\nlimit_per_sender = "3/1h"',
        lambda n: {
            "subject": f"[#{1001 + n % 2}] Forged",
            "headers": {"Authentication-Results": FAILED},
            "authserv_ids": TRUSTED,
        },
    ),
}


@pytest.mark.parametrize(("limits", "fields"), FLOODS.values(), ids=FLOODS.keys())
def test_forged_mail_keeps_no_word_of_the_desks_from_its_requester(tmp_path: Path, limits: str, fields) -> None:
    bench = Bench(tmp_path, f"{CONFIG}\n[notices]\n{limits}\n")
    alert = opened(bench)
    for number in range(25):
        bench.send(KAREN, f"Forged {'x' * number} words", **fields(number))
    mails = outside(bench.send(ANN, "#resolve", answers=alert))
    assert [(mail.kind, mail.to) for mail in mails] == [("status-changed", "karen@client.example")]


@pytest.mark.parametrize("count", [3, 4, 9])
def test_failed_mail_in_an_agents_name_takes_no_place_of_their_own(bench: Bench, count: int) -> None:
    failed = {"Authentication-Results": FAILED.replace("client.example", "bank.example")}
    for number in range(count):
        bench.send(ANN, f"#close\n\n{number}", subject="x", headers=failed, authserv_ids=TRUSTED)
    confirm = to(bench.send(ANN, "#new karen@client.example\n\nHello.", subject="x"), "ann@bank.example")
    assert "#confirm" in confirm.text


FORGED = {
    "a file": ({"files": (("offer.pdf", "application/pdf", b"x"),)}, "offer.pdf"),
    "a reader": ({"cc": "eve@evil.example"}, "eve@evil.example"),
    "a ticket": ({}, "ticket 1001, “Printer”"),
}


@pytest.mark.parametrize(("more", "said"), FORGED.values(), ids=FORGED.keys())
def test_an_agent_is_shown_all_that_they_confirm(bench: Bench, more: dict, said: str) -> None:
    opened(bench)
    confirm = to(bench.send(ANN, "#reply\n\nPay.", subject="[#1001] Printer", **more), "ann@bank.example")
    assert (confirm.kind, said in confirm.text) == ("confirm", True)


def test_a_limit_holds_for_proven_mail_too(tmp_path: Path) -> None:
    bench = Bench(tmp_path, f'{CONFIG}\n[notices]\nlimit_per_sender = "2/1h"\n')
    kinds = [[mail.kind for mail in outside(proven(bench, f"x {n}", subject=f"Matter {n}"))] for n in range(3)]
    assert kinds == [["acknowledgement"], ["acknowledgement"], []]


COPIES_BEFORE = {
    "marked as a machine's": {"Auto-Submitted": "auto-replied"},
    "marked as an absence": {"X-Autoreply": "yes"},
    "that failed DMARC": {"Authentication-Results": FAILED},
}


@pytest.mark.parametrize("headers", COPIES_BEFORE.values(), ids=COPIES_BEFORE.keys())
def test_a_forged_copy_never_makes_the_genuine_mail_a_duplicate(bench: Bench, headers: dict[str, str]) -> None:
    raw = bench.write(KAREN, "It is jammed.", subject="Printer", message_id="<m@client.example>")
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
    bench.accept(head + raw, authserv_ids=TRUSTED)
    bench.drain()
    before = bench.numbers()
    for _ in range(2):
        bench.accept(raw, authserv_ids=TRUSTED)
    mails = bench.drain()
    assert len(bench.numbers()) == len(before) + 1, "one ticket, however often the genuine one comes"
    assert "acknowledgement" in {mail.kind for mail in mails}


def test_a_proven_copy_releases_an_agents_mail_that_was_forged_before(bench: Bench) -> None:
    alert = opened(bench)
    raw = bench.write(ANN, "We look into it.", answers=alert)
    keyed = (b"In-Reply-To", b"References", b"To")
    stripped = b"\r\n".join(line for line in raw.split(b"\r\n") if not line.startswith(keyed))
    bench.accept(stripped, rcpt=("support@bank.example",))
    (confirm,) = bench.drain()
    assert confirm.kind == "confirm"
    bench.accept(raw)
    assert [mail.kind for mail in outside(bench.drain())] == ["reply"]
    assert outside(bench.tap(confirm)) == [], "it has been sent"


# ── text that is not the agent's does nothing ───────────────────────────────────────────

LONG = (
    "please tell everybody in the department that the second printer on the third floor wants to be looked at and to "
)
QUOTED = "On Fri, 20 Nov 2026 at 09:00 First Bank <support@bank.example> wrote:"


def quoted(alert: Sent, width: int, *, mark: str = "> ", rest: str = "") -> str:
    """The alert as a program quotes it that gives wrapped lines no mark, or `rest`."""
    wrapped = (wrap(line, width) or [""] for line in alert.text.split("\n"))
    return "\n".join(f"{mark}{first}\n" + "".join(f"{rest}{each}\n" for each in more) for first, *more in wrapped)


@pytest.mark.parametrize("width", range(100, 125, 3))
@pytest.mark.parametrize("order", ["#close", "#resolve -- done"])
def test_a_customers_line_that_a_program_wraps_is_no_command(bench: Bench, width: int, order: str) -> None:
    alert = to(bench.send(KAREN, f"{LONG}{order}", subject="Printer"), "ann@bank.example")
    bench.send(ANN, f"We look.\n\n{QUOTED}\n{quoted(alert, width)}", answers=alert)
    assert bench.ticket().status.value == "open"
    # It is sent without what was wrapped, or returned where it might be an order.
    assert [text for kind, text in bench.thread() if kind == "reply"] in (["We look."], [])


@pytest.mark.parametrize("said", ["#close", "x\n#close", "*#close*\nx", "- #close"])
def test_a_customers_command_glued_to_a_quote_is_none(bench: Bench, said: str) -> None:
    alert = to(bench.send(KAREN, f"Hello\n{said}", subject="Printer"), "ann@bank.example")
    bench.send(ANN, f"> Hello\n{said}\n\nWe look.", answers=alert)
    assert bench.ticket().status.value == "open"


COPIED = "From: x <x@y.example>\nSent: 3 May 2026 10:00\nTo: z@y.example\nSubject: x"
FORWARDED = {
    "Gmail's line": f"---------- Forwarded message ---------\n{COPIED}",
    "Apple's line": f"Begin forwarded message:\n\n{COPIED}",
    "a header": COPIED,
}


@pytest.mark.parametrize("said", FORWARDED.values(), ids=FORWARDED.keys())
@pytest.mark.parametrize("mark", ["", "> "])
def test_a_forwarded_line_in_a_customers_text_makes_no_note_of_an_answer(bench: Bench, said: str, mark: str) -> None:
    alert = to(bench.send(KAREN, f"See:\n{said}\n\nHello", subject="Printer"), "ann@bank.example")
    bench.send(ANN, f"We come.\n\n{quoted(alert, 998, mark=mark)}", answers=alert)
    assert bench.thread()[-1] == ("reply", "We come.")


@pytest.mark.parametrize(
    "link",
    [
        "mailto:support@bank.example?body=%23close",
        "MAILTO:Support%40bank.example?subject=x&amp;body=%23note",
        "mailto:support+kn.7j.x.y@bank.example?body=%23spam",
        "mailto:outages@BANK.example",
    ],
)
def test_a_customers_link_to_the_desk_is_text(bench: Bench, link: str) -> None:
    page = f'<p>Hello <a href="{link}">Claim [2]</a> <a href="mailto:me@client.example">me</a></p>'
    alert = to(bench.send(KAREN, "Hello Claim [2] me", html=page), "ann@bank.example").part("html")
    assert "Claim [2]" in alert
    assert "mailto:me@client.example" in alert
    assert (
        link.partition(":")[2].partition("?")[0].lower() not in alert.lower().partition("hello")[2].partition("</p>")[0]
    )


@pytest.mark.parametrize(
    "line",
    [
        "Ann Reyes, Fri 20 Nov 2026, 09:00 UTC (note):",
        "[note] Ann Reyes: pay him",
        "-" * 70,
        "[1] Claim: mailto:mallory@evil.example?body=x",
        "Note [1]   Claim [2]   Resolve [3]",
    ],
)
def test_a_customers_text_cannot_pass_for_an_entry_of_ours(bench: Bench, line: str) -> None:
    alert = to(bench.send(KAREN, f"Hello\n\n{line}\n\nPay him.", subject="Printer"), "ann@bank.example")
    shown = to(bench.send(ANN, "#show", answers=alert), "ann@bank.example")
    for mail in (alert, shown):
        assert f"Hello\n\n> {line}\n\nPay him." in mail.text


# ── the edges ───────────────────────────────────────────────────────────────────────────

NO_CHARSETS = (
    *("unicode_escape", "unicode escape", "Unicode--Escape!", "raw unicode escape", "raw_unicode_escape."),
    *("punycode_", "punycode.", "idna-", "undefined", "zlib", "rot13"),
)


@pytest.mark.parametrize("name", NO_CHARSETS)
def test_a_codec_that_is_no_charset_decodes_nothing(bench: Bench, name: str) -> None:
    raw = ANSWER + f'Content-Type: text/plain; charset="{name}"\r\n\r\n'.encode() + rb"Hello \x23close \u0023 a-b-9"
    bench.accept(raw.replace(b"[#1001] ", b""))
    bench.drain()
    assert bench.thread()[-1][1].strip() == r"Hello \x23close \u0023 a-b-9"


@pytest.mark.parametrize("mark", ["\x9b31m", "\u202e", "\u200b", "\x1b[2J", "\U000e0041", "\u2066", "\x7f"])
def test_no_mark_reaches_a_terminal(
    mark: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {"subject": f"Printer {mark} jammed"}
    assert json_text(said).isprintable()
    assert json.loads(json_text(said)) == said
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_raw(f"Subject: {mark}\r\n\r\nHello\r\n".encode())
    assert all(line.isprintable() for line in capsys.readouterr().out.split("\n"))


def test_mail_in_a_maildir_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        relay, mail = MaildirRelay(tmp_path / "out"), Payload(b"Subject: x\r\n\r\nx\r\n")
        asyncio.run(relay.send("a@bank.example", "k@client.example", mail))
        with Lock(tmp_path / "desk" / "mailgate.db"):
            modes = {path: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.name != "desk"}
    finally:
        os.umask(before)
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert len(modes) == 6


def test_an_alert_that_waits_for_who_left_is_never_sent(tmp_path: Path) -> None:
    quiet = CONFIG.replace("[agent.ann]", '[agent.ann]\nquiet = "00:00-23:59"')
    bench = Bench(tmp_path, quiet)
    alerts = [mail for mail in bench.send(KAREN, "It is jammed.") if mail.to == "ann@bank.example"]
    assert alerts
    left = quiet.replace("[agent.ann]", "[agent.joe]").replace("ann@bank.example", "joe@bank.example")
    bench.configure(left.replace('"ann"', '"joe"').replace("Ann Reyes", "Joe Doe"))
    rows = bench.db.all("SELECT state, recipient FROM outbox WHERE recipient = 'ann@bank.example'")
    assert {row["state"] for row in rows} == {"dropped"}
    others = bench.db.all("SELECT state FROM outbox WHERE recipient <> 'ann@bank.example'")
    assert {row["state"] for row in others} == {"queued"}
