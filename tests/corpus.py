"""How far mailgate reads a public corpus of real mails with known facts.

`python -m tests.corpus [CORPUS]` prints the table of marks; `-v` names what is missed.
Nothing of the corpus is part of this project; the marks need it beside the checkout.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mailgate.inbound.body import read_body
from mailgate.inbound.parse import parse
from mailgate.mail import Body, Envelope, Mail, normalise
from mailgate.reasons import Screen
from mailgate.rules.classify import classify

CORPUS = Path(__file__).parents[1] / "../shared/corpus"


@dataclass
class Mark:
    """One line of the table."""

    name: str
    right: int = 0
    asked: int = 0
    missed: list[str] = field(default_factory=list)

    def count(self, *, right: bool, what: str) -> None:
        self.asked += 1
        self.right += right
        if not right:
            self.missed.append(what)


@dataclass(frozen=True)
class Case:
    """One message of the corpus, read."""

    row: dict[str, str]
    mail: Mail
    body: Body
    seconds: float


def rows(corpus: Path) -> Iterator[dict[str, str]]:
    with (corpus / "INDEX.tsv").open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def read(corpus: Path) -> list[Case]:
    cases = []
    for row in rows(corpus):
        raw = (corpus / row["path"]).read_bytes()
        start = time.process_time()
        mail = parse(raw)
        body = read_body(mail)
        cases.append(Case(row, mail, body, time.process_time() - start))
    return cases


def squeeze(text: str) -> str:
    return "".join(text.split())


def measure(corpus: Path = CORPUS) -> dict[str, Mark]:
    """Every mark, by name."""
    names = ("read", "fast", "subject", "from", "body", "names", "bounces", "recipients", "ordinary")
    names += ("auto-replies", "reply", "lost", "forwards", "forward-names", "no-forwards")
    marks = {name: Mark(name) for name in names}
    for case in read(corpus):
        _headers(case, marks)
        _screening(case, marks)
        _bodies(case, marks, corpus)
    _forwards(corpus, marks["forwards"], marks["forward-names"])
    return marks


def _headers(case: Case, marks: dict[str, Mark]) -> None:
    row, mail = case.row, case.mail
    marks["read"].count(right=not any(d.startswith("unreadable") for d in mail.defects), what=row["path"])
    marks["fast"].count(right=case.seconds < 1, what=f"{row['path']} {case.seconds:.2f} s")
    if row["subject"] != "-":
        right = squeeze(mail.subject) == squeeze(row["subject"])
        marks["subject"].count(right=right, what=f"{row['path']}: {mail.subject!r} not {row['subject']!r}")
    if row["from_addr"] != "-":
        right = mail.author.email == normalise(row["from_addr"])
        marks["from"].count(right=right, what=f"{row['path']}: {mail.author.email!r} not {row['from_addr']!r}")
    if row["attachment_names"] != "-":
        got = {a.name for a in mail.attachments}
        missing = set(row["attachment_names"].split("|")) - got
        marks["names"].count(right=not missing, what=f"{row['path']}: {missing} not in {got}")


def _screening(case: Case, marks: dict[str, Mark]) -> None:
    row, mail = case.row, case.mail
    kind = classify(mail, Envelope(None, ()), lambda _: False, frozenset()).kind
    if row["is_bounce"] == "yes":
        marks["bounces"].count(right=kind is Screen.BOUNCE, what=row["path"])
        expected = {normalise(a) for a in row["failed_recipients"].split(",") if a not in {"-", ""}}
        also = {normalise(a) for a in row["also_accept"].split(",") if a not in {"-", ""}}
        got = {r.email for r in mail.bounce.recipients} if mail.bounce else set()
        if expected:
            right = bool(got) and (got == expected or (bool(also) and got <= expected | also))
            marks["recipients"].count(right=right, what=f"{row['path']}: {sorted(got)} not {sorted(expected)}")
    if row["is_bounce"] == "no":
        marks["ordinary"].count(right=kind is not Screen.BOUNCE, what=row["path"])
    if row["is_auto_reply"] in {"yes", "no"} and row["is_bounce"] != "yes":
        right = (kind is Screen.AUTO_REPLY) == (row["is_auto_reply"] == "yes")
        marks["auto-replies"].count(right=right, what=f"{row['path']}: {kind}")


def _bodies(case: Case, marks: dict[str, Mark], corpus: Path) -> None:
    row = case.row
    if row["expected_reply_file"] not in {"-", ""}:
        expected = (corpus / row["expected_reply_file"]).read_text(encoding="utf-8")
        got = case.body.visible
        right = squeeze(got) == squeeze(expected)
        marks["reply"].count(right=right, what=f"{row['path']}:\n      {got!r}\n  not {expected!r}")
        kept = set(got.split())
        lost = [word for line in expected.splitlines() for word in line.split() if word not in kept]
        marks["lost"].count(right=not lost, what=f"{row['path']}: {lost[:12]}")
    if row["category"] == "quoting" and not any(word in row["path"] for word in ("forward", "quote-3", "quote-4")):
        marks["no-forwards"].count(right=not case.body.forwarded, what=row["path"])
    if row["expected_body_file"] not in {"-", ""}:
        expected = (corpus / row["expected_body_file"]).read_text(encoding="utf-8")
        right = squeeze(expected) in squeeze(case.mail.text)
        marks["body"].count(
            right=right, what=f"{row['path']}:\n      {case.mail.text[:300]!r}\n  not {expected[:300]!r}"
        )


def _forwards(corpus: Path, mark: Mark, name: Mark) -> None:
    folder = corpus / "forwards"
    with (folder / "INDEX.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            body = read_body(parse((folder / row["path"]).read_bytes()))
            found = body.original
            right = found is not None and found.sender.email == row["original_from"]
            right = right and squeeze(found.subject) == squeeze(row["original_subject"])  # type: ignore[union-attr]
            mark.count(right=right, what=f"{row['path']}: {found} of {body.forward[:160]!r}")
            right = found is not None and row["original_name"] in {"-", found.sender.name}
            name.count(right=right, what=f"{row['path']}: {found}")


def main(arguments: list[str]) -> int:
    verbose = "-v" in arguments
    wanted = [a for a in arguments if not a.startswith("-")]
    corpus = Path(wanted[0]) if wanted and Path(wanted[0]).is_dir() else CORPUS
    only = {a for a in wanted if not Path(a).is_dir()}
    for name, mark in measure(corpus).items():
        if only and name not in only:
            continue
        print(f"{name:14} {mark.right:4} of {mark.asked}")
        if verbose:
            for missed in mark.missed:
                print(f"    {missed}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
