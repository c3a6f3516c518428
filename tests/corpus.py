"""How far mailgate reads a public corpus of real mails with known facts.

`python -m tests.corpus [CORPUS] [MARK…]` prints the table of marks and fails below one; `-v`
names what is missed. `--leave-out` takes each language and program out of the tables of words, one
at a time and then all of a table, and prints what the marks lose: they show what is known by its
shape. Nothing of the corpus is part of this project; the marks need it beside the checkout.
"""

from __future__ import annotations

import csv
import importlib
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from mailgate.mail import Body, Envelope, Mail, normalise
from mailgate.reading.body import read_body
from mailgate.reading.bounces import prose
from mailgate.reading.bounces.phrases import FAILED_SUBJECTS, FAILED_TEXTS
from mailgate.reading.parse import parse
from mailgate.reading.quotes import attribution, device_lines, phrases
from mailgate.reasons import Screen
from mailgate.rules.screening.classify import classify
from tests import cost

CORPUS = Path(__file__).parents[1] / "../shared/corpus"
# What must be reached of each mark: it may rise, and then it rises here; it may not fall.
MARKS = {
    "read": 305,
    "fast": 305,
    "subject": 288,
    "from": 271,
    "body": 13,
    "names": 18,
    "bounces": 68,
    "recipients": 89,
    "strangers": 67,
    "ordinary": 214,
    "auto-replies": 213,
    "reply": 51,  # of 56: the sources disagree about signatures and what stands below them
    "lost": 56,
    "forwards": 69,
    "forward-names": 69,
    "no-forwards": 54,
}
# Facts of the index that the bytes of the message refute, and what stands there.
ERRATA = {
    # F6CE is U+946B, and the line ends in an ASCII exclamation mark.
    (
        "charset/spamassassin--gb2312.1.eml",
        "subject",
    ): "全新原装进口，送货上门，货到付款－台湾鑫龙商贸集团公司向您拜年!",
    # windows-1251: the verb is the imperfective one.
    ("charset/django-mailbox--message_with_single_byte_extended_subject_encoding.eml", "subject"): (
        "Узнай как зарабатывать от 1000$ в неделю!"
    ),
    # The source could not decode the name: a raw 8-bit parameter in a Latin-1 mail.
    ("attachments/stalwart--legacy-023.eml", "attachment_names"): (
        "blueball.png|farmerandstork.txt|HasenundFrösche.txt"
    ),
    # RCPT TO has twelve digits.
    ("bounces/set-of-emails--lhost-apachejames-01.eml", "failed_recipients"): "000000000000@vtext.example.com",
}
SIGNATURE = re.compile(r"(?ms)^(?:--[ \t]*$.*|Sent from my \w+\s*\Z)")
QUOTE_MARKS = re.compile(r"(?m)^[>\s]+")


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
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield {name: ERRATA.get((row["path"], name), value) for name, value in row.items()}


def read(corpus: Path) -> list[Case]:
    cases = []
    for row in rows(corpus):
        raw = (corpus / row["path"]).read_bytes()
        start = time.thread_time()
        mail = parse(raw)
        body = read_body(mail)
        cases.append(Case(row, mail, body, time.thread_time() - start))
    return cases


def squeeze(text: str) -> str:
    return "".join(text.split())


def measure(corpus: Path = CORPUS) -> dict[str, Mark]:
    """Every mark, by name."""
    marks = {name: Mark(name) for name in MARKS}
    for case in read(corpus):
        _headers(case, marks)
        _screening(case, marks)
        _bodies(case, marks, corpus)
    _forwards(corpus, marks["forwards"], marks["forward-names"])
    return marks


def _headers(case: Case, marks: dict[str, Mark]) -> None:
    row, mail = case.row, case.mail
    marks["read"].count(right=not any(d.startswith("unreadable") for d in mail.defects), what=row["path"])
    marks["fast"].count(right=case.seconds < cost.MOST * cost.ordinary(), what=f"{row['path']} {case.seconds:.2f} s")
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
        _recipients(case, marks)
    if row["is_bounce"] == "no":
        marks["ordinary"].count(right=kind is not Screen.BOUNCE, what=row["path"])
    if row["is_auto_reply"] in {"yes", "no"} and row["is_bounce"] != "yes":
        right = (kind is Screen.AUTO_REPLY) == (row["is_auto_reply"] == "yes")
        marks["auto-replies"].count(right=right, what=f"{row['path']}: {kind}")


def _recipients(case: Case, marks: dict[str, Mark]) -> None:
    """Each failed address is asked for; an alias that leads to it will do. No other may be named."""
    row, report = case.row, case.mail.bounce
    expected, also = _listed(row["failed_recipients"]), _listed(row["also_accept"])
    got = {r.email for r in report.recipients} if report else set()
    for email in sorted(expected):
        right = email in got or bool(also & got)
        marks["recipients"].count(right=right, what=f"{row['path']}: {email} not in {sorted(got)}")
    if expected:
        strangers = got - expected - also
        marks["strangers"].count(right=not strangers, what=f"{row['path']}: {sorted(strangers)}")


def _listed(value: str) -> set[str]:
    return {normalise(a) for a in value.split(",") if a not in {"-", ""}}


def _bodies(case: Case, marks: dict[str, Mark], corpus: Path) -> None:
    row = case.row
    if row["expected_reply_file"] not in {"-", ""}:
        expected = (corpus / row["expected_reply_file"]).read_text(encoding="utf-8")
        got = case.body.visible
        right = squeeze(got) == squeeze(expected)
        marks["reply"].count(right=right, what=f"{row['path']}:\n      {got!r}\n  not {expected!r}")
        kept = squeeze(QUOTE_MARKS.sub("", got))
        said = QUOTE_MARKS.sub("", SIGNATURE.sub("", expected))
        lost = [line for line in said.splitlines() if squeeze(line) not in kept]
        marks["lost"].count(right=not lost, what=f"{row['path']}: {lost}")
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


Table = tuple[str, tuple[dict[str, Any], ...], ModuleType, tuple[str, ...]]
# Tables of words, the modules that are built of them, and the marks that they serve.
TABLES: tuple[Table, ...] = (
    ("quotes, forwards", (phrases.LANGUAGES,), attribution, ("reply", "lost", "forwards", "no-forwards")),
    ("device lines", (device_lines.BEGINS,), device_lines, ("reply", "lost")),
    ("devices", (device_lines.DEVICES,), device_lines, ("reply", "lost")),
    ("failures", (FAILED_SUBJECTS, FAILED_TEXTS), prose, ("bounces", "recipients", "strangers", "ordinary")),
)


def without(table: Table, rows_out: set[str], corpus: Path) -> dict[str, Mark]:
    """The marks with rows of a table taken out."""
    _, tables, module, _ = table
    kept = [dict(rows_of) for rows_of in tables]
    try:
        for rows_of in tables:
            for name in rows_out & rows_of.keys():
                del rows_of[name]
        importlib.reload(module)
        return measure(corpus)
    finally:
        for rows_of, whole in zip(tables, kept, strict=True):
            rows_of.clear()
            rows_of.update(whole)
        importlib.reload(module)


def leave_out(corpus: Path) -> None:
    """Print what each row of the tables, and each table, is worth."""
    base = measure(corpus)
    for table in TABLES:
        title, tables, _, served = table
        print(f"{title}: {', '.join(f'{name} {base[name].right} of {base[name].asked}' for name in served)}")
        names = list(dict.fromkeys(name for rows_of in tables for name in rows_of))
        for name in (*names, "all of them"):
            rows_out = set(names) if name == "all of them" else {name}
            marks = without(table, rows_out, corpus)
            lost = {each: marks[each].right - base[each].right for each in served}
            said = ", ".join(f"{each} {change:+}" for each, change in lost.items() if change)
            if said or len(rows_out) > 1:
                print(f"    without {name:14} {said or 'nothing lost'}")


def main(arguments: list[str]) -> int:
    verbose = "-v" in arguments
    wanted = [a for a in arguments if not a.startswith("-")]
    corpus = Path(wanted[0]) if wanted and Path(wanted[0]).is_dir() else CORPUS
    if not (corpus / "INDEX.tsv").exists():
        print(f"no corpus in {corpus.resolve()}: it is not part of this project", file=sys.stderr)
        return 2
    if "--leave-out" in arguments:
        leave_out(corpus)
        return 0
    only = {a for a in wanted if not Path(a).is_dir()}
    fell = False
    for name, mark in measure(corpus).items():
        if only and name not in only:
            continue
        below = mark.right < MARKS[name]
        fell = fell or below
        print(f"{name:14} {mark.right:4} of {mark.asked}{f'  below its mark of {MARKS[name]}' if below else ''}")
        if verbose:
            for missed in mark.missed:
                print(f"    {missed}")
    return 1 if fell else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
