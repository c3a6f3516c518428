"""What is mutated, and which tests are to notice it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "mailgate"

# A path below the package that ends with "/" stands for the files of that folder and of the folders below it.
SUBJECTS = {
    "threading": ("rules/threading/", "reading/mime/authres.py"),
    "lifecycle": ("rules/ticket/", "rules/commands/permitted.py"),
    "sla": ("rules/sla/", "worker/timers.py", "store/tickets/deadlines.py"),
    "delivery": (
        *("outbound/", "worker/undelivered.py"),
        *("store/queues/outbox.py", "store/queues/sent.py", "store/queues/unsent.py"),
    ),
    "apply": (
        *("worker/apply.py", "worker/batch.py", "worker/recheck.py", "worker/written.py"),
        *("store/queues/inbox.py", "store/queues/held.py", "store/queues/copies.py", "store/queues/quarantine.py"),
    ),
    "requester": (
        *("desk/requester/", "desk/decide.py", "desk/outcome.py", "desk/notify/announce.py"),
        *("rules/people/collaborators.py", "rules/commands/requester_words.py"),
    ),
    "notices": ("rules/notices/",),
    "routing": ("rules/routing/", "rules/replies/leak.py"),
}

# Files and folders of tests; those of a case take milliseconds.
TESTS = (
    *("tests/unit/rules", "tests/unit/desk", "tests/unit/worker", "tests/unit/store", "tests/unit/outbound"),
    *("tests/unit/test_mail.py", "tests/unit/test_ticket.py", "tests/unit/reading/mime/test_authres.py"),
    *("tests/integration/test_accept.py", "tests/integration/test_deliver.py", "tests/integration/test_queues.py"),
    *("tests/integration/test_relay.py", "tests/integration/test_outside_trouble.py"),
)


def modules(names: Collection[str] = ()) -> dict[str, list[Path]]:
    """The files of the subjects, or of those that are named: a subject, or a path below the package."""
    known = {
        subject: sorted({file for place in places for file in _files(place)}) for subject, places in SUBJECTS.items()
    }
    paths = {path.relative_to(PACKAGE).as_posix() for files in known.values() for path in files}
    if unknown := set(names) - paths - set(known):
        raise ValueError(f"neither a subject nor a file of one: {', '.join(sorted(unknown))}")
    chosen = {
        subject: [path for path in files if not names or {subject, path.relative_to(PACKAGE).as_posix()} & set(names)]
        for subject, files in known.items()
    }
    return {subject: files for subject, files in chosen.items() if files}


def _files(place: str) -> list[Path]:
    if not place.endswith("/"):
        return [PACKAGE / place]
    return [path for path in sorted((PACKAGE / place).rglob("*.py")) if path.name != "__init__.py"]
