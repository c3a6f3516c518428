"""Erases one person, by address: their tickets, their part in the tickets of others, and all else that names them.

All of it is one transaction, so a dry run is the same without its commit. Deleted content lies in free pages
and in the log until the database is rewritten (`connection.rewrite`); `remains` then reads every file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mailgate.store.attachments import named
from mailgate.store.db import Db
from mailgate.store.queues import inbox
from mailgate.store.tickets import search
from mailgate.store.tickets.erase import erase, erase_mails
from mailgate.store.tickets.merged import below, end_of

ADDRESS = "erased@mailgate.invalid"  # stands for the address where a row of somebody else stays (RFC 2606)
NAME = "(erased)"
_LOOKED_THROUGH = 1_000_000  # bytes of a waiting mail in which the person is looked for
_NOT_REDACTED = {"ban", "left_in_mailbox", "digest", "migration", "mail_ending", "document"}  # tables
_BUSY = {"inbox": "state NOT IN ('new', 'working', 'held')", "outbox": "state <> 'sending'"}  # rows that may change


@dataclass(slots=True)
class Erased:
    """What was erased of a person, and what stays and why."""

    counts: Counter[str] = field(default_factory=Counter)
    tickets: list[int] = field(default_factory=list)
    blanked_in: list[int] = field(default_factory=list)  # tickets of others
    stays: list[tuple[str, str]] = field(default_factory=list)  # what, and why
    attachments: set[str] = field(default_factory=set)  # digests that nothing names any more
    raw_files: set[str] = field(default_factory=set)  # names of large mails that no row names any more
    needles: tuple[str, ...] = ()  # the address, and the full names that are theirs alone


def forget(db: Db, email: str) -> Erased:
    """Erase a person, in the transaction that runs. `email` is in the form in which addresses are compared."""
    done = Erased()
    files, raw = {*named(db)}, _raw_files(db)
    names = _names(db, email, done)
    done.needles = (email, *names)
    own, shared = _tickets(db, email)
    done.counts["received mails"] = len(_received(db, email))
    done.counts["sent mails"] = len(db.all("SELECT id FROM outbox WHERE recipient = ?", [email]))
    _mails_aside(db, email, own, done)
    done.tickets = erase(db, own)
    done.counts["tickets"] = len(done.tickets)
    for number in shared:
        _blank(db, number, email, done)
    _mails(db, email)
    for table, column in (("dead_address", "email"), ("proven", "email"), ("first_contact", "email")):
        done.counts["notes about the address"] += db.run(f"DELETE FROM {table} WHERE {column} = ?", [email])  # noqa: S608
    changed = _redact(db, email, names, done)
    for number in changed.difference(shared):
        _drop_bytes(db, number)
    _index_anew(db, email, {*shared, *changed})
    _what_stays(db, email, done)
    done.attachments = files - {*named(db)}
    done.raw_files = raw - _raw_files(db)
    done.counts["attachments"] = len(done.attachments)
    return done


def _raw_files(db: Db) -> set[str]:
    return {row["file"] for row in db.all("SELECT file FROM raw WHERE file IS NOT NULL")}


def _tickets(db: Db, email: str) -> tuple[list[int], list[int]]:
    """The person's tickets, and those of others in which they have a part (with what was merged into these)."""
    rows = db.all("SELECT number FROM ticket WHERE requester_email = ?", [email])
    roots = sorted({end_of(db, row["number"]) for row in rows})
    strange = f"SELECT 1 FROM ticket WHERE number {db.any_of} AND requester_email <> ? LIMIT 1"  # noqa: S608
    mixed = {root for root in roots if db.one(strange, [db.values([root, *below(db, root)]), email])}
    part = db.all("SELECT ticket FROM entry WHERE author_email = ?", [email])
    part += db.all("SELECT ticket FROM collaborator WHERE email = ?", [email])
    own = [root for root in roots if root not in mixed]
    theirs = {each for root in own for each in (root, *below(db, root))}
    return own, sorted((mixed | {row["ticket"] for row in part}) - theirs)


_PEOPLE = (("ticket", "requester_"), ("entry", "author_"), ("collaborator", ""))  # table, prefix of email and name


def _names(db: Db, email: str, done: Erased) -> tuple[str, ...]:
    """The person's full names, without those that others bear; the longest first."""
    borne: set[str] = set()
    for table, prefix in _PEOPLE:
        rows = db.all(f"SELECT DISTINCT {prefix}name FROM {table} WHERE {prefix}email = ?", [email])  # noqa: S608
        borne |= {row[0] for row in rows if len(row[0].split()) > 1}  # "Karen" is a word that others may write
    shared: set[str] = set()
    for table, prefix in _PEOPLE:
        sql = (
            f"SELECT DISTINCT {prefix}name FROM {table}"  # noqa: S608
            f" WHERE {prefix}name {db.any_of} AND {prefix}email <> ?"
        )
        shared |= {row[0] for row in db.all(sql, [db.values(borne), email])}
    done.stays += [(f"the name {name}", "other people write under it, too") for name in sorted(shared)]
    return tuple(sorted(borne - shared, key=lambda name: (-len(name), name)))


def _mails_aside(db: Db, email: str, own: Iterable[int], done: Erased) -> None:
    """Drop mail of the person that was set aside, and what is held for their tickets: an agent's answer quotes them.

    What is still to be worked stays, and what is held for tickets of others.
    """
    tickets = {each for root in own for each in (root, *below(db, root))}
    values = {"email": email, "tickets": db.values(tickets)}
    theirs = f"(from_email = :email OR sender = :email OR ticket {db.any_of.replace('?', ':tickets')})"
    aside = f"{theirs} AND state IN ('held', 'quarantined')"
    db.send(f"DELETE FROM held WHERE inbox_id IN (SELECT id FROM inbox WHERE {aside})", values)  # noqa: S608
    db.send(f"UPDATE inbox SET state = 'dropped' WHERE {aside}", values)  # noqa: S608
    waiting = "SELECT id, sender, state FROM inbox WHERE state IN ('new', 'working', 'held') AND raw_id IS NOT NULL"
    for row in db.all(waiting):
        text = inbox.raw(db, row["id"])[:_LOOKED_THROUGH].decode("utf-8", "replace").lower()
        if row["sender"] == email or any(needle.lower() in text for needle in done.needles):
            what = "is held" if row["state"] == "held" else "waits to be worked"
            done.stays.append((f"received mail {row['id']}", f"it {what}: run this again afterwards"))


def _blank(db: Db, number: int, email: str, done: Erased) -> None:
    """Erase the person's part of another requester's ticket: what they wrote, and the bytes of all its mails."""
    done.blanked_in.append(number)
    theirs = db.all("SELECT id, inbox_id, message_id FROM entry WHERE ticket = ? AND author_email = ?", [number, email])
    for row in theirs:
        db.send("DELETE FROM known_id WHERE message_id = ? AND ticket = ?", [row["message_id"], number])
        db.send(
            "UPDATE entry SET text = ?, subject = '', html = '', cut = '', message_id = '', attachments = '[]',"
            " author_email = ?, author_name = ? WHERE id = ?",
            [NAME, ADDRESS, NAME, row["id"]],
        )
    done.counts["messages in tickets of others"] += len(theirs)
    _drop_bytes(db, number)
    erase_mails(db, [row["inbox_id"] for row in theirs if row["inbox_id"]])
    db.send("DELETE FROM collaborator WHERE ticket = ? AND email = ?", [number, email])
    db.send(
        "UPDATE ticket SET requester_email = ?, requester_name = ? WHERE number = ? AND requester_email = ?",
        [ADDRESS, NAME, number, email],
    )


def _drop_bytes(db: Db, number: int) -> None:
    """Delete the bytes of all mails of a ticket that names the person: in them the name cannot be replaced."""
    mails = {row["inbox_id"] for row in db.all("SELECT inbox_id FROM entry WHERE ticket = ?", [number])}
    mails |= {row["id"] for row in db.all("SELECT id FROM inbox WHERE ticket = ?", [number])}
    ended = f"id {db.any_of} AND raw_id IS NOT NULL AND state IN ('done', 'dropped')"
    db.send(f"DELETE FROM raw WHERE id IN (SELECT raw_id FROM inbox WHERE {ended})", [db.values(mails)])  # noqa: S608
    db.send(
        "DELETE FROM outgoing WHERE id IN"
        " (SELECT id FROM outbox WHERE ticket = ? AND state NOT IN ('queued', 'sending'))",
        [number],
    )


def _received(db: Db, email: str) -> list[int]:
    """Ids of the mails from a person."""
    return [row["id"] for row in db.all("SELECT id FROM inbox WHERE from_email = ? OR sender = ?", [email, email])]


def _mails(db: Db, email: str) -> None:
    """Erase what was received from the person and sent to them without a ticket, and mails that name several people."""
    erase_mails(db, _received(db, email))
    them = {"email": email}
    to_them = "SELECT id FROM outbox WHERE recipient = :email AND state <> 'sending'"
    db.send(f"DELETE FROM refused WHERE outbox_id IN ({to_them})", them)  # noqa: S608
    db.send(f"DELETE FROM trace WHERE address = :email OR outbox_id IN ({to_them})", them)  # noqa: S608
    db.send(f"DELETE FROM outgoing WHERE id IN ({to_them})", them)  # noqa: S608
    db.send(f"DELETE FROM outbox WHERE id IN ({to_them})", them)  # noqa: S608
    # A copy, or a command that was refused, belongs to no ticket and may quote them.
    without_ticket = "ticket IS NULL AND state IN ('done', 'dropped')"
    db.send(f"DELETE FROM raw WHERE id IN (SELECT raw_id FROM inbox WHERE {without_ticket})")  # noqa: S608
    db.send(f"UPDATE inbox SET subject = '' WHERE {without_ticket}")  # noqa: S608
    # Digests and reports name people in words that cannot be searched for; a mail that asks to confirm has a subject.
    ended = "ticket IS NULL AND state NOT IN ('queued', 'sending')"
    db.send(f"DELETE FROM outgoing WHERE id IN (SELECT id FROM outbox WHERE {ended})")  # noqa: S608
    db.send(f"UPDATE outbox SET subject = '' WHERE {ended}")  # noqa: S608


def _redact(db: Db, email: str, names: Iterable[str], done: Erased) -> set[int]:
    """Replace address and names in every text of every table, each table read once.

    Returns the numbers of tickets with another text than before.
    """
    tickets: set[int] = set()
    instead = dict.fromkeys(_forms(email), ADDRESS) | {form: NAME for name in names for form in _forms(name)}
    for table, columns, key in ((each.name, each.texts, each.key) for each in db.tables().values()):
        if table in _NOT_REDACTED or not columns:
            continue
        hit = " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns for _ in instead)
        patterns = [_pattern(form) for _ in columns for form in instead]
        found = f"SELECT {', '.join((*key, *columns))} FROM {table} WHERE ({hit}) AND {_BUSY.get(table, '1 = 1')}"  # noqa: S608
        values = ", ".join(f"{column} = ?" for column in columns)
        place = " AND ".join(f"{column} = ?" for column in key)
        changed = f"UPDATE {table} SET {values} WHERE {place}"  # noqa: S608
        for row in db.all(found, patterns):
            texts = [text and _replaced(text, instead) for text in [*row][len(key) :]]
            done.counts["other mentions"] += db.run_unless_taken(changed, [*texts, *[*row][: len(key)]])
            if table in ("ticket", "entry"):
                tickets.add(row[0] if table == "ticket" else _ticket_of(db, row[0]))
    return tickets


def _ticket_of(db: Db, entry: int) -> int:
    row = db.one("SELECT ticket FROM entry WHERE id = ?", [entry])
    return int(row["ticket"]) if row else 0


def _index_anew(db: Db, email: str, changed: set[int]) -> None:
    """Make the documents of full-text search anew where they may still have words of the person."""
    rows = db.all("SELECT ticket FROM document WHERE words LIKE ? ESCAPE '\\'", [_pattern(email)])
    search.rewrite(db, changed | {row["ticket"] for row in rows})


def _forms(needle: str) -> set[str]:
    """How a text may hold it: as it is, and in JSON."""
    return {needle, json.dumps(needle)[1:-1]}


def _pattern(needle: str) -> str:
    return "%" + "".join(f"\\{char}" if char in "%_\\" else char for char in needle) + "%"


def _replaced(text: str, instead: Mapping[str, str]) -> str:
    """The text with each occurrence replaced, whatever the case of its ASCII letters."""
    for needle, other in instead.items():
        low, found, at = _lower(text), _lower(needle), 0
        pieces = []
        while (place := low.find(found, at)) >= 0:
            pieces += [text[at:place], other]
            at = place + len(needle)
        text = "".join([*pieces, text[at:]])
    return text


def _lower(text: str) -> str:
    """As SQLite's LIKE: ASCII alone, so that places stay the same."""
    return "".join(char.lower() if char.isascii() else char for char in text)


def _what_stays(db: Db, email: str, done: Erased) -> None:
    """Note what still names the person and why."""
    for row in db.all("SELECT pattern FROM ban WHERE pattern = ?", [email]):
        done.stays.append((f"the ban on {row['pattern']}", "it keeps their mail out: #unban lifts it"))
    for row in db.all("SELECT mailbox, uid FROM left_in_mailbox WHERE from_email = ?", [email]):
        done.stays.append((f"message {row['uid']} in the mailbox {row['mailbox']}", "it lies there: delete it there"))
    for row in db.all("SELECT id, data FROM outgoing JOIN outbox USING (id) WHERE state IN ('queued', 'sending')"):
        if any(needle.lower().encode() in bytes(row["data"]).lower() for needle in done.needles):
            done.stays.append((f"outgoing mail {row['id']}", "it waits to be sent: run this again afterwards"))
    if done.counts["received mails"] or done.tickets or done.blanked_in:
        done.stays.append(
            ("digests of their mails", "a repeated delivery is known by them; nothing can be read from them")
        )


def remains(folders: Iterable[Path], needles: Iterable[str]) -> Iterator[Path]:
    """The files below some folders whose bytes still name the person."""
    wanted = [needle.encode() for needle in needles]
    wanted += [each.lower() for each in wanted]
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            if _holds(path, wanted):
                yield path


def _holds(path: Path, needles: Iterable[bytes]) -> bool:
    most = max(len(needle) for needle in needles)
    kept = b""
    with path.open("rb") as file:
        while piece := file.read(1_000_000):
            if any(needle in kept + piece for needle in needles):
                return True
            kept = piece[-most:]
    return False
