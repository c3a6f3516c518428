"""Mails that made trouble for other help desks, played on a desk: `.eml` and expectation in tests/cases/field.

In a mail that is an answer, `{{MESSAGE-ID}}`, `{{REFERENCES}}`, `{{SUBJECT}}` and `{{ENCODED}}` (the id as an encoded
word) stand for those of the notice that is answered: to Ann Reyes where she writes, else to Karen Client, on a ticket
opened by "Printer" / "It is jammed.".

What a case may say: `why`; `answers` ("opened", "resolved" or "nothing"); `envelope` (the sender, "" for none);
`copies` (mails that come behind it); then what must be: `tickets`, `status`, `requester`, `state`, `reason`, `text`
and `files` of the last entry, `events`, `kinds` of the thread's entries, `mails` (kind and address of each mail that
went out), `agents_read` and `outside_reads` over the mails to either side; each also with `_has` or `_lacks`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailgate.store.tickets import tickets
from tests.desk import ANN, CONFIG, KAREN, Bench, Sent, outside, to

FOLDER = Path(__file__).parents[2] / "cases/field"
CASES = sorted(path for path in FOLDER.glob("*.eml") if not path.stem.endswith(".copy"))
BILLING = '[address."billing@bank.example"]\n\n[address."outages@bank.example"]'


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, CONFIG.replace('[address."outages@bank.example"]', BILLING))


def answered(bench: Bench, expected: dict, raw: bytes) -> Sent | None:
    """The notice that the mail answers."""
    how = expected.pop("answers", "nothing")
    if how == "nothing":
        return None
    writer = "ann@bank.example" if b"\nFrom: Ann" in raw or raw.startswith(b"From: Ann") else "karen@client.example"
    mails = bench.send(KAREN, "It is jammed.", subject="Printer")
    if how == "resolved":
        mails = bench.send(ANN, "#resolve\n\nThe printer works again.", answers=to(mails, "ann@bank.example"))
    return to(mails, writer)


def filled(raw: bytes, notice: Sent | None) -> bytes:
    """The mail with its placeholders filled in, as it comes over the wire."""
    if notice:
        encoded = "=?utf-8?q?" + "".join(c if c.isalnum() else f"={ord(c):02X}" for c in notice.message_id) + "?="
        for name, value in (
            ("MESSAGE-ID", notice.message_id),
            ("REFERENCES", f"{notice.message['References'] or ''} {notice.message_id}".strip()),
            ("SUBJECT", f"Re: {notice.subject}"),
            ("ENCODED", encoded),
        ):
            raw = raw.replace(b"{{%s}}" % name.encode(), value.encode())
    return raw.replace(b"\n", b"\r\n")


def outcome(bench: Bench, mails: list[Sent], number: int) -> dict:
    """What became of it."""
    row = bench.last()
    thread = tickets.thread(bench.db, number) if bench.numbers() else []
    inside = [mail for mail in mails if mail not in outside(mails)]
    return {
        "tickets": bench.numbers(),
        "status": bench.ticket(number).status.value if bench.numbers() else "",
        "requester": bench.ticket(number).requester.email if bench.numbers() else "",
        "state": row["state"],
        "reason": row["reason"],
        "kinds": [entry.kind.value for entry in thread],
        "text": thread[-1].text.strip() if thread else "",
        "events": bench.kinds(number) if bench.numbers() else [],
        "files": [file.name for file in thread[-1].attachments] if thread else [],
        "mails": sorted([mail.kind, mail.to] for mail in mails),
        "agents_read": "\n".join(f"{mail.subject}\n{mail.text}" for mail in inside),
        "outside_reads": "\n".join(mail.data.decode("utf-8", "replace") for mail in outside(mails)),
    }


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, bench: Bench) -> None:
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert expected.pop("why")
    raw = path.read_bytes()
    notice = answered(bench, expected, raw)
    envelope = expected.pop("envelope", "sender@client.example")
    for each in (raw, *(FOLDER / name for name in expected.pop("copies", []))):
        data = each if isinstance(each, bytes) else each.read_bytes()
        bench.accept(filled(data, notice), envelope_from=envelope)
    got = outcome(bench, bench.drain(), expected.pop("number", 1001))
    for key, value in expected.items():
        name, _, test = key.rpartition("_")
        if test == "has":
            assert [part for part in value if part not in got[name]] == [], (key, got[name])
        elif test == "lacks":
            assert [part for part in value if part in got[name]] == [], (key, got[name])
        else:
            assert got[key] == value, key


def test_each_kind_has_three_or_more() -> None:
    """A case is a sample of a kind, which its name begins with: one sample alone proves that the sample was mended."""
    kinds: dict[str, int] = {}
    for path in CASES:
        kind = path.stem.rpartition("-")[0]
        kinds[kind] = kinds.get(kind, 0) + 1
    assert {kind: count for kind, count in kinds.items() if count < 3} == {}
