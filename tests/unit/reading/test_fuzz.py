"""Broken mail is read without a fault, and no mail is slow: the fuzzer in short, and what it found."""

import pytest

from mailgate.reading.encodings.charset import Guesses, decode
from tests import cost, fuzz

HEAD = b"From: ann@x.example\nSubject: "
# What once took seconds, each by its cause.
SLOW = {
    "words in a charset that none of their bytes are": HEAD + b"=?utf-16?b?/9j/4A==?= x " * 12_000 + b"\n\nhello",
    "words that never end": HEAD + b"\nX: ".join([b"=?x?q?" * 5400] * 9) + b"\n\nhello",
    "attributions without end": HEAD
    + b"Re: x\nIn-Reply-To: <a@b>\n\n"
    + b"\nOn 1 May 2026 at 10:00, Ann <a@b.example> wrote:\n" * 5000
    + b"> quoted\n",
    "lists in lists, hidden by ends of nothing": HEAD
    + b"x\nContent-Type: text/html\n\n"
    + b"<ul><li></p></a></li>" * 13_000,
    "a calendar line of parameters": HEAD + b"x\nContent-Type: text/calendar\n\nDTSTART" + b";A=b" * 5000 + b"\n",
    "signatures without end": HEAD + b"x\n\n" + b"> x\n-- \n" * 10_000,
    "a subject of failures": b"From: MAILER-DAEMON@x.example\nSubject: "
    + b"could not problem " * 15_000
    + b"\n\nhello",
}


@pytest.mark.seeds(*fuzz.SEEDS)
def test_seed(seed: int) -> None:
    """No mutation of the project's own mails raises, hangs or leaves text that cannot be stored."""
    assert fuzz.run(seed, range(150), fuzz.samples(corpus=False)).faults == []


@pytest.mark.parametrize("cause", SLOW)
def test_hostile_mail_is_not_slow(cause: str) -> None:
    assert cost.in_mails(lambda: fuzz.check(SLOW[cause])) < cost.MOST


def test_a_mutation_can_be_repeated() -> None:
    samples = fuzz.samples(corpus=False)
    assert fuzz.mutated(1, 7, samples) == fuzz.mutated(1, 7, samples) != fuzz.mutated(1, 8, samples)


def test_charsets_are_guessed_a_bounded_number_of_times() -> None:
    """Each guess costs a millisecond, and a mail can hold ten thousand pieces that ask for one."""
    guesses = Guesses(1)
    cyrillic = "Узнай как зарабатывать в неделю".encode("cp1251")
    assert decode(cyrillic, "", guesses).startswith("Узнай")
    assert decode(cyrillic, "", guesses).startswith("Óçíàé")
    assert decode(cyrillic).startswith("Узнай")


def test_a_fault_is_told_and_kept(tmp_path, monkeypatch, capsys) -> None:
    def fail(_raw: bytes) -> None:
        raise ValueError("no")

    monkeypatch.setattr(fuzz, "check", fail)
    assert fuzz.main(["--count", "1", "--seed", "9", "--keep", str(tmp_path)]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["9-0.eml"]
    assert "seed 9 number 0" in capsys.readouterr().out
