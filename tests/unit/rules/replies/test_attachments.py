"""[attachments]: what is passed on, what is left out, what is returned; `#show files`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import Attachment
from mailgate.notice import wire_size
from mailgate.rules.replies import attachments
from mailgate.settings import Attachments
from mailgate.ticket import StoredAttachment
from tests.desk import CONFIG, Bench, Sent, to, told
from tests.notices import within

RULES = Attachments()
KAREN = "karen@client.example"
ELLIOT = "elliot@bank.example"
PDF = "application/pdf"


def file(name: str, size: int) -> StoredAttachment:
    return StoredAttachment(name, PDF, size, f"{name}{size}")


def attached(mail: Sent) -> list[str]:
    return [part.get_filename() for part in mail.message.walk() if part.get_filename()]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, CONFIG + '[attachments]\nsend_max = "30 kB"\nalert_max = "10 kB"\n')


@pytest.mark.parametrize(
    ("size", "most", "said"),
    [
        (60_000, 30_000, "the files are 82.2 kB as mail and 30 kB may be sent at once; send fewer or smaller ones"),
        (
            14_620_000,
            20_000_000,
            "the files are 20.1 MB as mail and 20 MB may be sent at once; send fewer or smaller ones",
        ),
    ],
)
def test_files_that_are_too_large_are_said_to_be_larger_than_what_may_be_sent(size: int, most: int, said: str) -> None:
    problem = attachments.unsendable([file("a.pdf", size)], Attachments(send_max=most))
    assert problem
    assert within(problem) == said


# ── by name ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name",
    [
        *("setup.exe", "SETUP.EXE", "invoice.pdf.exe", "a.exe.", "a.exe . .", "a.EXE ", "a. exe", '"a.exe"', ".exe"),
        *(
            "C:\\x\\a.exe",
            "../a.exe",
            "a.exe:stream.txt",
            "a.exe;1",
            "a.ex\u200be",
            "ａ．ｅｘｅ",
            "a.\u202eexe",
            "a.Js",
        ),
    ],
)
def test_no_spelling_of_a_name_hides_a_blocked_extension(name: str) -> None:
    assert attachments.blocked(name, RULES)


@pytest.mark.parametrize("name", ["a.pdf", "exe", "exe.txt", "a.exe.zip", "a.exec", "command.doc", "", ".", "a.e"])
def test_other_names_pass(name: str) -> None:
    assert attachments.blocked(name, RULES) == ""


@given(st.text(max_size=30))
def test_every_name_is_judged(name: str) -> None:
    assert attachments.blocked(f"{name}.exe", RULES) == "exe"
    attachments.blocked(name, RULES)


# ── by size ─────────────────────────────────────────────────────────────────────────────


def test_a_size_is_that_of_the_base64_on_the_wire() -> None:
    assert [wire_size(octets) for octets in (0, 1, 57, 58, 1_000_000)] == [0, 6, 78, 84, 1_368_424]


def test_a_large_file_does_not_push_out_the_small_ones_behind_it() -> None:
    small, large, other = file("a.pdf", 100), file("b.pdf", 9000), file("c.pdf", 200)
    found = attachments.sort([small, large, other, file("x.exe", 1)], 5000, RULES)
    assert (found.attached, found.too_large) == ((small, other), (large,))
    assert [each.name for each in found.blocked] == ["x.exe"]


@given(st.lists(st.integers(0, 4000), max_size=12))
def test_parcels_hold_every_file_once_and_none_is_too_heavy(sizes: list[int]) -> None:
    given_files = [file(f"{place}.pdf", size) for place, size in enumerate(sizes)]
    shared = attachments.parcels(given_files, 6000)
    assert [each for parcel in shared for each in parcel] == given_files
    assert all(sum(wire_size(each.size) for each in parcel) <= 6000 for parcel in shared)


# ── at the desk ─────────────────────────────────────────────────────────────────────────


def test_an_alert_lists_what_is_too_large_for_it_and_show_files_sends_that(bench: Bench) -> None:
    sent = bench.send(KAREN, "see both", files=(("big.pdf", PDF, b"b" * 20_000), ("small.pdf", PDF, b"s" * 900)))
    alert = to(sent, ELLIOT)
    assert attached(alert) == ["small.pdf"]
    assert "Not attached: big.pdf, 20 kB (too large for this mail; #show files sends it)" in alert.text
    assert "%23show%20files" in alert.text
    answer = to(bench.send(ELLIOT, "#show files", answers=alert), ELLIOT)
    assert (answer.kind, attached(answer)) == ("answer", ["big.pdf", "small.pdf"])
    assert "big.pdf, 20 kB (karen@client.example, message)" in answer.text


@pytest.mark.parametrize("order", ["#show 1001 files", "#show files 1001", "#show #1001 Files"])
def test_the_files_of_a_ticket_by_number(bench: Bench, order: str) -> None:
    bench.send(KAREN, "one", files=(("a.pdf", PDF, b"a"),))
    alert = to(bench.send(KAREN, "two", subject="Other"), ELLIOT)
    assert attached(to(bench.send(ELLIOT, order, answers=alert), ELLIOT)) == ["a.pdf"]


def test_more_than_one_mail_holds_comes_in_several(bench: Bench) -> None:
    alert = to(bench.send(KAREN, "x", files=tuple((f"{n}.pdf", PDF, bytes([n]) * 15_000) for n in range(3))), ELLIOT)
    mails = bench.send(ELLIOT, "#show files", answers=alert)
    assert sorted(name for mail in mails for name in attached(mail)) == ["0.pdf", "1.pdf", "2.pdf"]
    assert len({mail.message_id for mail in mails}) == len(mails) == 3
    assert all(len(mail.message.as_bytes()) < 45_000 for mail in mails)


def test_files_of_a_ticket_that_an_agent_does_not_see_are_not_found(bench: Bench) -> None:
    bench.send(KAREN, "secret", files=(("a.pdf", PDF, b"a"),), to="outages@bank.example")
    alert = to(bench.send(KAREN, "two", subject="Other"), ELLIOT)
    answer = to(bench.send(ELLIOT, "#show 1001 files", answers=alert), ELLIOT)
    assert "was not found" in answer.text
    assert not attached(answer)


def test_what_is_too_large_for_any_mail_stays_with_the_administrator(bench: Bench) -> None:
    alert = to(bench.send(KAREN, "x", files=(("huge.pdf", PDF, b"h" * 40_000),)), ELLIOT)
    assert "too large to be mailed; the administrator has it: mailgate tickets show 1001 --raw ID" in alert.text
    answer = to(bench.send(ELLIOT, "#show files", answers=alert), ELLIOT)
    assert "huge.pdf, 40 kB (karen@client.example, message): too large to be mailed" in answer.text
    assert not attached(answer)


def test_a_blocked_file_goes_to_nobody_and_is_named(bench: Bench) -> None:
    alert = to(bench.send(KAREN, "run me", files=(("invoice.pdf.EXE", PDF, b"MZ"),)), ELLIOT)
    assert attached(alert) == []
    assert "invoice.pdf.EXE, 2 bytes (.exe files are not passed on; the administrator has it:" in alert.text
    answer = to(bench.send(ELLIOT, "#show files", answers=alert), ELLIOT)
    assert attached(answer) == []
    assert "invoice.pdf.EXE" in answer.text


@pytest.mark.parametrize(
    ("name", "size", "why"),
    [("a.pdf", 40_000, "The files are 54.8 kB as mail"), ("fix.bat", 10, "this desk passes no .bat files on")],
)
def test_a_reply_that_would_lose_a_file_is_returned_and_nothing_is_done(
    bench: Bench, name: str, size: int, why: str
) -> None:
    alert = to(bench.send(KAREN, "help"), ELLIOT)
    sent = bench.send(ELLIOT, "#resolve\n\nuse this", answers=alert, files=((name, PDF, b"f" * size),))
    assert told(sent) == {("command-failed", ELLIOT)}
    assert why in sent[0].text
    assert "use this" in sent[0].text
    assert bench.ticket().status == "open"
    assert bench.thread() == [("message", "help")]


def test_the_files_of_a_note_may_be_of_any_size_and_kind(bench: Bench) -> None:
    alert = to(bench.send(KAREN, "help"), ELLIOT)
    sent = bench.send(ELLIOT, "#note\n\nits log", answers=alert, files=(("log.exe", PDF, b"f" * 90_000),))
    assert bench.thread()[-1] == ("note", "its log")
    assert all(not attached(mail) for mail in sent)


def test_a_reply_within_the_limit_goes_out_whole(bench: Bench) -> None:
    alert = to(bench.send(KAREN, "help"), ELLIOT)
    reply = to(bench.send(ELLIOT, "here", answers=alert, files=(("a.pdf", PDF, b"f" * 20_000),)), KAREN)
    assert attached(reply) == ["a.pdf"]


@pytest.mark.parametrize(
    ("name", "kind", "content", "signature", "tells"),
    [
        ("smime.p7s", "application/pkcs7-signature", b"", True, True),
        ("x", "application/x-pkcs7-signature", b"", True, True),
        ("a.P7S", "application/octet-stream", b"", True, True),
        ("signature.asc", "application/octet-stream", b"", True, True),
        ("OpenPGP_signature", "application/pgp-signature", b"", True, True),
        ("a.vcf", "text/vcard", b"", False, True),
        ("a.vcf", "text/plain", b"", False, True),
        ("a", "text/x-vcard", b"", False, True),
        ("card.txt", "text/plain", b"\r\nbegin:vcard\r\n", False, True),
        ("OpenPGP_0x12.asc", "application/pgp-keys", b"", False, True),
        ("key.txt", "text/plain", b"-----BEGIN PGP PUBLIC KEY BLOCK-----", False, True),
        ("winmail.dat", "application/ms-tnef", b"", False, True),
        ("contract.p7m", "application/pkcs7-mime", b"", False, False),
        ("server.crt", "application/x-x509-ca-cert", b"-----BEGIN CERTIFICATE-----", False, False),
        ("photo.jpg", "image/jpeg", b"", False, False),
    ],
)
def test_what_tells_who_sends_it(name: str, kind: str, content: bytes, signature: bool, tells: bool) -> None:
    found = Attachment(name, kind, content)
    assert (attachments.is_signature(found), attachments.names_its_author(found)) == (signature, tells)
