"""Mail from files and standard input: real files in a folder of their own."""

import mailbox
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.errors import NotFound
from mailgate.inbound.pipe import Stored, count, delivery, messages, without_from_line
from mailgate.mail import Envelope

NOW = datetime(2026, 11, 21, 22, tzinfo=UTC)


def write(path, *lines, end=b"\n"):
    path.write_bytes(end.join(lines) + end)
    return path


def read(path):
    found = list(messages(path))
    assert count(path) == len(found), "the progress bar ends at its end"
    return found


# ── single messages ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "raw", [b"Subject: a\n\nb\n", b"", b"\x00\xff\r\n.\r\n", b"Subject: a\r\n\r\nFrom here on\r\n"]
)
def test_an_eml_file_is_one_message_whatever_its_bytes(tmp_path, raw):
    path = tmp_path / "a.EML"
    path.write_bytes(raw)
    assert read(path) == [Stored(raw)]


def test_a_file_of_any_name_that_begins_like_no_mbox_is_a_message(tmp_path):
    assert read(write(tmp_path / "mail", b"From: karen@client.example", b"", b"x"))[0].raw.startswith(b"From: karen")


def test_an_mbox_line_on_top_of_a_message_is_no_part_of_it(tmp_path):
    raw = b"From karen@client.example  Sat Nov 21 22:00:00 2026\nSubject: a\n\nFrom me\n"
    assert without_from_line(raw) == b"Subject: a\n\nFrom me\n"
    assert without_from_line(b"From: a\n") == b"From: a\n"
    path = tmp_path / "a.eml"
    path.write_bytes(raw)
    assert read(path) == [Stored(b"Subject: a\n\nFrom me\n")]


def test_what_cannot_be_read_to_its_end_has_a_name():
    for read_it in (count, lambda path: list(messages(path))):
        with pytest.raises(OSError, match="'/proc/self/mem'"):  # nothing lies at its beginning
            read_it(Path("/proc/self/mem"))
    with pytest.raises(NotFound, match="/dev/null: no file"):
        list(messages(Path("/dev/null")))


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(NotFound, match="no such file"):
        list(messages(tmp_path / "gone.eml"))
    with pytest.raises(NotFound, match="no Maildir"):
        count(tmp_path)


def test_a_fifo_is_read_as_a_message(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = Thread(target=path.write_bytes, args=(b"Subject: a\n\nb\n",))
    writer.start()
    assert list(messages(path)) == [Stored(b"Subject: a\n\nb\n")]
    writer.join()


# ── mbox ────────────────────────────────────────────────────────────────────────────────


def test_an_mbox_is_its_messages_with_their_times(tmp_path):
    path = write(
        tmp_path / "mbox",
        b"From karen@client.example Sat Nov 21 10:00:00 2026",
        b"Subject: one",
        b"",
        b"body",
        b"",
        b"From MAILER-DAEMON Sat Nov  7 11:30:00 2026",
        b"Subject: two",
        b"",
        b"body",
        b"",
    )
    assert read(path) == [
        Stored(b"Subject: one\n\nbody\n", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        Stored(b"Subject: two\n\nbody\n", datetime(2026, 11, 7, 11, 30, tzinfo=UTC)),
    ]


def test_quoted_from_lines_lose_one_level_of_quoting(tmp_path):
    path = write(tmp_path / "mbox", b"From a@x Sat Nov 21 10:00:00 2026", b"", b">From me", b">>From me", b"> From me")
    assert read(path)[0].raw == b"\nFrom me\n>From me\n> From me\n"


def test_a_sentence_that_begins_with_from_splits_nothing(tmp_path):
    body = (
        b"",
        b"From what I see, it is broken.",
        b"From 10:00 on.",
        b"not blank",
        b"From a@x Sat Nov 21 10:00:00 2026",
    )
    path = write(tmp_path / "mbox", b"From a@x Sat Nov 21 10:00:00 2026", b"Subject: a", *body)
    assert read(path)[0].raw == b"\n".join((b"Subject: a", *body)) + b"\n"


def test_an_mbox_with_crlf_is_read_alike(tmp_path):
    one = (b"From a@x Sat Nov 21 10:00:00 2026", b"Subject: a", b"", b"b", b"")
    path = write(tmp_path / "mbox", *one, *one, end=b"\r\n")
    assert [stored.raw for stored in read(path)] == [b"Subject: a\r\n\r\nb\r\n"] * 2


@pytest.mark.parametrize(
    ("line", "arrived_at"),
    [
        (b"From 18@xxx Sat Nov 21 10:00:00 +0000 2026", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        (b"From - Sat Nov 21 10:00:00 2026 +0100", datetime(2026, 11, 21, 9, tzinfo=UTC)),
        (b"From a@x Thu Jan  1 00:00:00 1970", None),  # a writer's zero
        (b"From a@x Sat Nov 21 10:00:00 99999999", None),
        (b"From a@x whenever", None),
        (b"From ", None),
    ],
)
def test_times_of_mbox_lines(tmp_path, line, arrived_at):
    assert read(write(tmp_path / "mbox", line, b"Subject: a")) == [Stored(b"Subject: a\n", arrived_at)]


def test_an_empty_file_is_an_mbox_without_messages(tmp_path):
    (tmp_path / "mbox").touch()
    assert read(tmp_path / "mbox") == []


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4))
def test_what_the_standard_library_wrote_is_read_back(tmp_path_factory, bodies):
    path = tmp_path_factory.mktemp("mbox") / "mbox"
    box = mailbox.mbox(path)
    for body in bodies:
        box.add(b"Subject: a\n\n" + body.replace(b"\r", b"") + b"\n")
    box.close()
    found = read(path)
    assert len(found) == len(bodies)
    for stored, body in zip(found, bodies, strict=True):
        # The standard library quotes "From " but not ">From " (mboxo).
        assert stored.raw == b"Subject: a\n\n" + body.replace(b"\r", b"") + b"\n" or b">From " in body


# ── Maildir ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def maildir(tmp_path):
    for folder in ("cur", "new", "tmp"):
        (tmp_path / "box" / folder).mkdir(parents=True)
    return tmp_path / "box"


def test_a_maildir_is_new_and_cur_in_order_of_delivery(maildir):
    write(maildir / "new" / "1795298402.M1.host", b"Subject: three")
    write(maildir / "cur" / "1795298401.M1.host:2,S", b"Subject: two")
    old = write(maildir / "cur" / "oddly-named", b"Subject: one")
    os.utime(old, (1795298400, 1795298400))
    at = datetime.fromtimestamp(1795298400, UTC)
    assert read(maildir) == [
        Stored(b"Subject: one\n", at),
        Stored(b"Subject: two\n", at + timedelta(seconds=1)),
        Stored(b"Subject: three\n", at + timedelta(seconds=2)),
    ]


def test_drafts_deleted_unfinished_and_foreign_files_of_a_maildir_stay(maildir):
    write(maildir / "cur" / "1795298400.a.host:2,ST", b"deleted")
    write(maildir / "cur" / "1795298400.b.host:2,D", b"draft")
    write(maildir / "tmp" / "1795298400.c.host", b"unfinished")
    write(maildir / "cur" / ".uidlist", b"the server's")
    (maildir / "cur" / "folder").mkdir()
    assert read(maildir) == []


def test_a_message_that_a_mail_program_moves_meanwhile_is_found(maildir):
    for second in (0, 1):
        write(maildir / "new" / f"179529840{second}.M1.host", b"Subject: %d" % second)
    reading = messages(maildir)
    assert next(reading).raw == b"Subject: 0\n"
    (maildir / "new" / "1795298401.M1.host").rename(maildir / "cur" / "1795298401.M1.host:2,S")
    assert next(reading).raw == b"Subject: 1\n"


def test_a_message_that_is_gone_meanwhile_is_said(maildir):
    write(maildir / "new" / "1795298400.M1.host", b"Subject: 0")
    reading = messages(maildir)
    file = write(maildir / "new" / "1795298401.M1.host", b"Subject: 1")
    next(reading)
    file.unlink()
    with pytest.raises(FileNotFoundError):
        next(reading)


def test_what_the_standard_librarys_maildir_holds_is_read(tmp_path):
    box = mailbox.Maildir(tmp_path / "box")
    box.add(b"Subject: a\n\nb\n")
    [stored] = read(tmp_path / "box")
    assert stored.raw == b"Subject: a\n\nb\n"
    assert abs(stored.arrived_at - datetime.now(UTC)) < timedelta(minutes=1)


# ── into the inbox ──────────────────────────────────────────────────────────────────────

TRACED = b"Return-Path: <karen@client.example>\nDelivered-To: support@bank.example\nSubject: a\n\nb\n"


def test_the_envelope_is_given_or_read_from_the_trace_fields():
    stored = Stored(TRACED)
    assert delivery(stored, NOW).envelope == Envelope("karen@client.example", ("support@bank.example",))
    given_ = delivery(stored, NOW, sender="", recipients=["outages@bank.example"], quiet=True)
    assert given_.envelope == Envelope("", ("outages@bank.example",))
    assert (given_.source, given_.quiet) == ("pipe", True)
    assert delivery(Stored(b"no header"), NOW).envelope == Envelope(None, ())


def test_the_same_mail_to_the_same_people_is_one_delivery():
    key = delivery(Stored(TRACED), NOW).source_key
    assert key == delivery(Stored(TRACED, NOW - timedelta(days=1)), NOW + timedelta(days=1), quiet=True).source_key
    assert key.startswith("pipe:")
    others = [
        delivery(Stored(TRACED + b"x"), NOW),
        delivery(Stored(TRACED), NOW, sender=""),
        delivery(Stored(TRACED), NOW, recipients=["outages@bank.example"]),
        delivery(Stored(b""), NOW, sender=""),
        delivery(Stored(b""), NOW),
    ]
    assert len({key, *(other.source_key for other in others)}) == 6


def test_the_order_of_recipients_makes_no_other_delivery():
    one, two = (delivery(Stored(b"x"), NOW, recipients=[*"ab"][::step]) for step in (1, -1))
    assert one.source_key == two.source_key


def test_arrival_is_when_it_was_delivered_there_and_never_yet_to_come():
    earlier = NOW - timedelta(days=9)
    assert delivery(Stored(b"x", earlier), NOW).arrived_at == earlier
    assert delivery(Stored(b"x", NOW + timedelta(days=1)), NOW).arrived_at == NOW
    assert delivery(Stored(b"x"), NOW).arrived_at == NOW


def test_real_mails_come_whole_through_file_mbox_and_maildir(corpus, tmp_path):
    files = sorted(file for file in corpus.rglob("*.eml"))[:60]
    assert files
    box = mailbox.Maildir(tmp_path / "box")
    for file in files:
        box.add(file.read_bytes())
        [alone] = messages(file)
        assert alone.raw == without_from_line(file.read_bytes())
    assert sorted(stored.raw for stored in read(tmp_path / "box")) == sorted(file.read_bytes() for file in files)
