"""What must be true of a desk, whatever went wrong around it: looked at from outside after each day."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mailgate.store.attachments import AttachmentStore, named
from mailgate.store.db import Db
from mailgate.store.maintenance import invariants
from mailgate.store.queues import inbox, trace
from mailgate.store.tickets import tickets
from tests.replay import untold
from tests.simulation.people import ADMIN, HIDDEN
from tests.simulation.relay import Delivery

if TYPE_CHECKING:
    from tests.simulation.world import Posted, World

SLACK = 2.5  # days: a clock that is wrong for a day, and upkeep that runs a few times a day
IN_TIME = 1.5  # seconds: the promise is one, a tick more


class Broken(AssertionError):
    """A promise is broken."""


class Promises:
    """The checks, and what they remember from day to day. Each finding begins with a word for the promise."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._copies: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
        self._windows: dict[tuple[str, str], int] = {}  # mails that may come once more: (id, recipient) → life
        self._inbox = self._outbox = self._event = 0  # rows up to which everything was checked
        self._top = 0  # the highest ticket number that the latest restore left
        self._numbers: set[int] = set()  # of the tickets that there were until the last check
        self._shown = self._shown_today = 0  # the highest number in an answer that was worked until then, and since
        self._tokens: dict[str, set[str]] = defaultdict(set)  # customer → tokens of their mails that were worked
        self._unnamed: dict[str, float] = {}  # files that no row names, and since when
        self.found: list[str] = []

    # ── each mail, as it goes out ───────────────────────────────────────────────────────

    def delivered(self, delivery: Delivery) -> bool:
        """The relay took a mail; whether it was the first copy."""
        key = (delivery.id, delivery.recipient)
        before = self._copies[key]
        if before and before[-1].answered and self._windows.pop(key, 0) == 0:
            self.found.append(f"sent: {key} was sent again although the relay had answered")
        before.append(delivery)
        if len(before) == 1 and delivery.recipient != ADMIN and not delivery.recipient.endswith("@bank.example"):
            self._internal(delivery)
        return len(before) == 1

    def _internal(self, delivery: Delivery) -> None:
        whole = delivery.words
        leaked = [each for each in self._world.people.canaries if each in whole]
        if leaked or HIDDEN in whole:
            self.found.append(f"internal: {delivery.recipient} reads {leaked or HIDDEN} in {delivery.id}")

    def life_ended(self, life: int) -> None:
        """What the relay took in this life and the desk did not record may be sent once more."""
        db = self._world.db
        for key, copies in self._copies.items():
            if copies[-1].life == life:
                row = db.one("SELECT state FROM outbox WHERE message_id = ? AND recipient = ?", key) if db else None
                if row is None or row["state"] in ("sending", "queued"):
                    self._windows[key] = life

    # ── each day ────────────────────────────────────────────────────────────────────────

    def check(self) -> None:
        """Raise Broken with everything that is found wrong."""
        world = self._world
        db = world.db
        assert db
        self.found += world.errors
        world.errors.clear()
        if not world.desk.up:
            self.found.append("the desk is down though nothing is wrong any more")
        checks = self._mail_in, self._mail_out, self._tickets, self._times, self._configuration, self._database
        for check in (*checks, self._sign_in, self._retention):
            self.found += check(db)
        if self.found:
            raise Broken("\n".join(self.found))
        self._forget(db)

    def check_end(self) -> None:
        """After days of peace nothing waits any more."""
        self.check()
        db, world = self._world.db, self._world
        assert db
        waiting = [
            *(f"a mail waits in the inbox: {row['id']}" for row in db.all(_WAITING_IN)),
            *(f"a mail waits in the outbox: {tuple(row)}" for row in db.all(_WAITING_OUT, [world.wall() + 90_000])),
            *(f"a refusal is not told: {row[0]}" for row in db.all("SELECT outbox_id FROM refused")),
            *(f"a deadline is over: {tuple(row)}" for row in db.all(_OVERDUE, [world.wall() - 5])),
            *(f"a mail waits for its agent: {row[0]}" for row in db.all(_HELD, [world.wall() - 4 * 86_400])),
            *(f"{each.letter.id} was not taken" for each in world.posted if not each.accepted and not each.refused),
            *(f"message {uid} lies in the mailbox" for uid in world.desk.imap.folders["INBOX"].messages),
        ]
        moved = Counter(each.raw for each in world.desk.imap.folders["Processed"].messages.values())
        if (copies := sum(moved.values()) - len(moved)) > world.desk.imap.copies:
            waiting.append(f"{copies} copies in the folder of processed mail, {world.desk.imap.copies} by the server")
        if waiting:
            raise Broken("\n".join(waiting))

    def _mail_in(self, db: Db) -> Iterator[str]:
        for row in db.all(_WAITING_IN):
            yield f"stuck: mail {row['id']} is {row['state']} after hours of peace"
        for row in db.all("SELECT id FROM outbox WHERE state = 'sending'"):
            yield f"stuck: outgoing mail {row['id']} is in hand after hours of peace"
        for row in db.all("SELECT id, tries FROM inbox WHERE tries > 3"):
            yield f"tries: mail {row['id']} was tried {row['tries']} times"
        for each in [*self._world.posted]:
            if each.accepted:
                yield from self._post(db, each)
        for row in db.all("SELECT * FROM inbox WHERE id > ? AND done_at IS NOT NULL", [self._inbox]):
            lines = trace.by_message_id(db, row["message_id"])
            if not any(line.inbox_id == row["id"] and line.step == row["state"] for line in lines):
                yield f"trace: no line says how mail {row['id']} ended"
            raw = db.one("SELECT data FROM raw WHERE id = ?", [row["raw_id"]])
            poison = bool(raw and raw["data"] and b"\nMessage-ID: <poison" in raw["data"])
            if (row["reason"] == "poison") is not poison and row["reason"] != "duplicate":
                yield f"failed: mail {row['id']} failed: {row['error'][-1500:]}"

    def _post(self, db: Db, posted: Posted) -> Iterator[str]:
        """A mail that was taken has had one effect."""
        letter = posted.letter
        rows = db.all("SELECT * FROM inbox WHERE message_id = ?", [letter.id])
        if not rows and not self._world.desk.imap.folders["INBOX"].holds(letter.id):
            yield f"lost: {letter.id} was taken and is nowhere"
        effects = [row for row in rows if row["reason"] not in ("duplicate", "poison")] or rows[:1]
        if len(effects) > 1:
            ends = [(row["id"], row["state"], row["reason"]) for row in effects]
            yield f"twice: {letter.id} had {len(effects)} effects: {ends}"
        if letter.token and effects:
            said = db.all(_SAID, [f"%{letter.token}%"])
            if strange := {row[1] for row in said} - {letter.requester} if letter.requester else ():
                yield f"wrong ticket: {letter.token} of a ticket of {letter.requester} stands in one of {strange}"
            if len(said) > (not letter.id.startswith("<poison")):
                yield f"twice: {letter.token} stands in {len(said)} entries"
            if letter.expected and not said and effects[0]["state"] == "done":
                yield f"lost: {letter.token} of {letter.id} is in no thread"
        if rows:
            self._world.posted.remove(posted)
            if effects[0]["state"] == "done":
                self._shown_today = max(self._shown_today, letter.ticket)
            if letter.requester == letter.sender and letter.token:
                self._tokens[letter.sender].add(letter.token)

    def _mail_out(self, db: Db) -> Iterator[str]:
        for row in db.all("SELECT * FROM outbox WHERE id > ? AND state <> 'queued'", [self._outbox]):
            if row["state"] == "sending":
                continue
            lines = trace.by_message_id(db, row["message_id"])
            if not any(line.outbox_id == row["id"] and line.step == row["state"] for line in lines) and (
                row["state"] != "dropped" or not lines
            ):
                yield f"trace: no line says how outgoing mail {row['id']} ended ({row['state']})"
            if row["state"] == "sent" and (row["message_id"], row["recipient"]) not in self._copies:
                yield f"sent: outgoing mail {row['id']} is sent, and the relay has it not"

    def _tickets(self, db: Db) -> Iterator[str]:
        changed = db.all("SELECT DISTINCT ticket FROM event WHERE id > ?", [self._event])
        for (number,) in changed:
            ticket = tickets.get(db, number)
            if ticket and (wrong := untold(ticket, tickets.events(db, number))):
                yield f"events: ticket {number} has {wrong}, which its events do not say"
        numbers = {row[0] for row in db.all("SELECT number FROM ticket")}
        for number in numbers - self._numbers:
            if self._top < number <= self._shown:
                yield f"restore: ticket {number} was opened after an answer about ticket {self._shown} had come"
        self._numbers |= numbers
        self._shown = max(self._shown, self._shown_today)

    def _times(self, db: Db) -> Iterator[str]:
        """The clock fired in time; a mail or the end of a pause may change what is due after that time."""
        world = self._world
        for number, cause, fired in db.all(_BY_CLOCK, [self._outbox]):
            due = float(cause.partition("|")[0].rpartition(":")[2])
            if any(began < fired + 1 and due < ended for began, ended in world.unwell):
                continue
            # One mail about several tickets is named after the first.
            about = "ticket = ?" if "|" not in cause else "coalesce(CAST(? AS bigint), 0) IS NOT NULL"
            mail = db.one(f"SELECT max(done_at) FROM inbox WHERE {about} AND done_at <= ?", [number, fired])
            woken = db.one(f"SELECT max(at) FROM event WHERE {about} AND {_WOKEN} AND at <= ?", [number, fired])
            latest = max(due, *(row[0] or 0 for row in (mail, woken) if row))
            if not due - 1 <= fired <= latest + 1 + IN_TIME:
                yield f"clock: {cause} was due at {world.when(due)} and fired at {world.when(fired)}"

    def _configuration(self, _: Db) -> Iterator[str]:
        daemon = self._world.desk.daemon
        if daemon and daemon._config.text != self._world.config:
            yield "configuration: the configuration in force is not the last good one"

    def _sign_in(self, _: Db) -> Iterator[str]:
        """No refresh token is lost while everything goes well, and an ended sign-in was told to the administrator."""
        tokens, administrator = self._world.desk.tokens, self._world.administrator
        yield from (f"sign-in: {token} was given and is lost" for token in tokens.lost)
        yield from administrator.found
        tokens.lost.clear()
        administrator.found.clear()

    def _database(self, db: Db) -> Iterator[str]:
        attachments = AttachmentStore(self._world.folder / "var/attachments")
        for check in invariants.check(db, attachments):
            yield from (f"database: {check.name}: {problem}" for problem in check.problems)

    def _retention(self, db: Db) -> Iterator[str]:
        """Nothing is kept for ever: what is past its time by days is gone, also files that no row names."""
        now, attachments = self._world.wall(), AttachmentStore(self._world.folder / "var/attachments")
        for what, days, sql in _KEPT:
            if row := db.one(sql, [now - (days + SLACK) * 86_400]):
                yield f"retention: {what} {row[0]} is older than {days} days"
        unnamed = attachments.old(now, older_than=0.0) - {*named(db)}
        unnamed |= inbox.unnamed(db, db.files.old(now, older_than=0.0))
        self._unnamed = {name: self._unnamed.get(name, now) for name in sorted(unnamed)}
        age = (1 + SLACK) * 86_400
        old = attachments.old(now, older_than=age) | db.files.old(now, older_than=age)  # not removed and stored anew
        for name, since in self._unnamed.items():
            if since < now - age and name in old:
                yield f"retention: no row names the file {name}, and it is not removed"

    # ── what changes the past ───────────────────────────────────────────────────────────

    def restored(self, at: float) -> None:
        """The desk is as it was at a time: what came since is lost, and what was queued then may go out once more."""
        db, world = self._world.db, self._world
        assert db
        mailbox = world.desk.imap.folders["INBOX"]
        world.posted = [
            each
            for each in world.posted
            if not each.accepted or (mailbox.holds(each.letter.id) if each.by_mailbox else each.at <= at)
        ]
        for key, copies in self._copies.items():
            row = db.one("SELECT state FROM outbox WHERE message_id = ? AND recipient = ?", key)
            # What was written since is written anew, where its cause is still there.
            if row["state"] in ("sending", "queued") if row else copies[-1].at > at:
                self._windows[key] = world.desk.lives
        self._numbers = {row[0] for row in db.all("SELECT number FROM ticket")}
        self._top, self._shown, self._shown_today = max(self._numbers, default=0), 0, 0
        self._forget(db)

    def known(self) -> set[str]:
        """The Message-IDs of the posted mails that the desk has."""
        db = self._world.db
        assert db
        ids = {each.letter.id for each in self._world.posted}
        return ids & {row[0] for row in db.all("SELECT message_id FROM inbox")}

    def forgotten(self, email: str, known: set[str]) -> set[str]:
        """A person was forgotten, and mails that were `known` before are gone; the tokens of those that were worked.

        Nothing is expected of what they wrote, and of what others wrote about their tickets.
        """
        world, gone = self._world, known - self.known()
        assert world.db
        world.posted = [each for each in world.posted if each.letter.id not in gone and each.letter.requester != email]
        self._forget(world.db)
        return self._tokens.pop(email, set())

    def _forget(self, db: Db) -> None:
        """What was checked is not checked again."""
        for table in ("inbox", "outbox", "event"):
            row = db.one(f"SELECT max(id) FROM {table}")
            setattr(self, f"_{table}", (row[0] if row else 0) or 0)
        horizon = self._world.loop.time() - 7 * 86_400
        for key in [key for key, copies in self._copies.items() if copies[-1].at < horizon]:
            del self._copies[key]
        now = self._world.wall()
        self._world.unwell = [each for each in self._world.unwell if each[1] > now - 2 * 86_400]


# What may be kept for how many days by the configuration, and the oldest row that is past a time.
_KEPT = (
    (
        "raw mail",
        3,
        "SELECT inbox.id FROM inbox JOIN raw ON raw.id = raw_id WHERE state IN ('done', 'dropped') AND received_at < ?",
    ),
    ("outgoing mail", 3, "SELECT id FROM outbox JOIN outgoing USING (id) WHERE state = 'sent' AND sent_at < ?"),
    (
        "closed ticket",
        8,
        # One about which a mail was on its way, after the relay was down for days, goes within a day from then.
        (
            "WITH past(time) AS (SELECT CAST(? AS DOUBLE PRECISION))"
            " SELECT number FROM ticket, past WHERE status = 'closed' AND merged_into IS NULL AND closed_at < past.time"
            " AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.ticket = ticket.number"
            " AND (outbox.state IN ('queued', 'sending') OR outbox.sent_at > past.time + 7 * 86400))"
        ),
    ),
    ("trace line", 4, "SELECT id FROM trace WHERE at < ?"),
)
_SAID = "SELECT ticket, requester_email FROM entry JOIN ticket ON number = ticket WHERE text LIKE ?"
_WAITING_IN = "SELECT id, state FROM inbox WHERE state IN ('new', 'working') AND retry_at IS NULL"
_WAITING_OUT = (
    "SELECT id, state, recipient, next_attempt_at FROM outbox"
    " WHERE state = 'sending' OR (state = 'queued' AND next_attempt_at < ?)"
)
_BY_CLOCK = "SELECT ticket, cause, created_at FROM outbox WHERE id > ? AND cause LIKE 'clock:%'"
# A due time that was set by hand passes while a ticket is pending: its step fires when the pause ends.
_WOKEN = "kind = 'status-changed' AND \"by\" = 'clock'"
_OVERDUE = "SELECT ticket, step FROM deadline WHERE at < ?"
_HELD = "SELECT inbox_id FROM held WHERE at < ?"
