"""Alarms: each begins once and ends once, for what mail cannot report (`[alarm] command`, `webhook`).

A problem becomes an alarm when it has lasted for a while, and ends when it was away for a while, so
that a connection that comes and goes is one alarm. What was sent is kept in a file beside the
database, not in it, since storage trouble is an alarm: a restart neither repeats nor forgets one,
and an alarm that stood before it ends only when the daemon has tried for itself.
A command or webhook that fails is tried again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mailgate.connect.access_tokens import in_thread
from mailgate.connect.web import post_json
from mailgate.daemon.problems import Alarm, is_known, problems
from mailgate.daemon.status import DaemonStatus
from mailgate.errors import MailgateError
from mailgate.rules.ticket.as_json import moment, rfc3339
from mailgate.settings import Config
from mailgate.system.clock import pause
from mailgate.system.durable import write_private
from mailgate.system.streams import write

INTERVAL = 5.0  # seconds between looks
SILENCE_INTERVAL = timedelta(minutes=10)  # between questions whether mail comes as usual
COMMAND_TIMEOUT = 30.0  # seconds
RETRY_FIRST, RETRY_MOST = timedelta(seconds=10), timedelta(minutes=15)
GONE = timedelta(minutes=1)  # a problem that is back sooner has not ended
MAIL_AGAIN = timedelta(hours=1)  # an alarm that comes and goes is mailed once in that time
MAIL = "begin mail"  # in `Record.sent`
MOST_OVER = 50  # alarms that are over and wait for a channel that fails

log = logging.getLogger("mailgate")
Notify = Callable[[str, str, tuple[str, ...]], None]  # mails the administrator: cause, subject, facts
Send = Callable[[str, dict[str, Any]], Awaitable[None]]  # the channel and the object


@dataclass(frozen=True, slots=True)
class Record:
    """An alarm that began. `sent` holds "begin command" and the like; `ended` is "" while it lasts. Times: ISO 8601."""

    kind: str
    name: str
    text: str
    since: str
    ended: str = ""
    sent: tuple[str, ...] = ()
    about: str = ""
    over: tuple[str, ...] = ()  # subject and facts of the mail at its end

    @property
    def key(self) -> str:
        """That of its problem."""
        return Alarm(self.kind, self.name, self.text, self.about).key


@dataclass(slots=True)
class _Seen:
    """When a problem was seen first, or was away first."""

    first: datetime
    away: datetime | None = None


@dataclass(slots=True)
class _Retry:
    """When a failed channel is tried again, and the pause after the next failure."""

    at: datetime
    pause: timedelta = field(default=RETRY_FIRST)


class Alarms:
    """The alarms of one daemon.

    `clock` returns aware UTC; `send(channel, object)` raises MailgateError when it fails.
    """

    def __init__(self, config: Callable[[], Config], clock: Callable[[], datetime], send: Send, notify: Notify) -> None:
        self._config = config
        self._clock = clock
        self._send = send
        self._notify = notify
        self._file = alarm_path(config())
        self._seen: dict[str, _Seen] = {}
        self._retries: dict[str, _Retry] = {}
        self._mailed: dict[str, datetime] = {}  # key → when its beginning was mailed last
        self._records: dict[str, Record] = _read(self._file)
        for key in self._records:
            self._seen[key] = _Seen(clock())

    @property
    def active(self) -> tuple[Record, ...]:
        """The alarms that last."""
        return tuple(record for record in self._records.values() if not record.ended)

    def look(self, found: Iterable[Alarm], known: Callable[[Record], bool] = lambda _: True) -> None:
        """Begin and end alarms by the problems there are now. `known`: whether an alarm would be among them."""
        now = self._clock()
        present = {alarm.key: alarm for alarm in found}
        for key, alarm in present.items():
            seen = self._seen.setdefault(key, _Seen(now))
            seen.away = None
            record = self._records.get(key)
            if (record is None or record.ended) and now - seen.first >= alarm.lasted:
                self._begin(alarm, seen.first)
        for key in [key for key in self._seen if key not in present]:
            record, seen = self._records.get(key), self._seen[key]
            if record and not record.ended and not known(record):
                seen.away = None
                continue
            seen.away = seen.away or now
            if now - seen.away >= GONE or record is None:
                del self._seen[key]
                self._end(key, now)

    def _look_at(self, status: DaemonStatus, silent: datetime | None, now: datetime) -> None:
        def known(record: Record) -> bool:
            return is_known(status, record.kind, record.name, record.about)

        self.look(problems(status, self._config(), silent, now), known)

    def _begin(self, alarm: Alarm, since: datetime) -> None:
        log.error("alarm: %s", alarm.text)
        now, mailed = self._clock(), self._mailed.get(alarm.key)
        mail = bool(alarm.subject) and (mailed is None or now - mailed >= MAIL_AGAIN)
        over = (alarm.over or f"Over: {alarm.subject}", *alarm.over_facts)
        sent = (MAIL,) if mail else ()
        self._set_aside(alarm.key)
        self._records[alarm.key] = Record(
            alarm.kind, alarm.name, alarm.text, since.isoformat(), sent=sent, about=alarm.about, over=over
        )
        self._save()
        if mail:
            self._mailed[alarm.key] = now
            words = f"Since {since:%Y-%m-%d %H:%M} UTC: {alarm.text}."
            self._notify(f"alarm:{alarm.key}:{since.isoformat()}", alarm.subject, (words, *alarm.facts))

    def _set_aside(self, key: str) -> None:
        """Let one that is over, and waits for a channel that fails, make room for the next of the same problem."""
        if earlier := self._records.pop(key, None):
            self._records[f"{key} {earlier.since}"] = earlier  # before the next, so that it is sent first
        over = [each for each, record in self._records.items() if record.ended]
        for each in over[:-MOST_OVER]:
            log.warning("an alarm that is over could not be sent: %s", self._records.pop(each).text)

    def _end(self, key: str, now: datetime) -> None:
        record = self._records.get(key)
        if record is None or record.ended:
            return
        log.info("alarm is over: %s", record.text)
        self._records[key] = replace(record, ended=now.isoformat())
        self._save()
        if MAIL in record.sent:
            subject, *facts = record.over
            lasted = f"From {datetime.fromisoformat(record.since):%Y-%m-%d %H:%M} to {now:%Y-%m-%d %H:%M} UTC."
            self._notify(f"alarm-over:{key}:{record.since}", subject, (lasted, *facts))

    async def deliver(self) -> None:
        """Send what was not sent, by each channel of the configuration."""
        alarm = self._config().alarm
        channels = [name for name, wanted in (("command", alarm.command), ("webhook", alarm.webhook)) if wanted]
        for key, record in [*self._records.items()]:
            states = ("begin", "end") if record.ended else ("begin",)
            for channel in channels:
                for state in states:
                    if f"{state} {channel}" not in self._records[key].sent and not await self._try(key, state, channel):
                        break  # the end comes after the beginning
            every = {f"{state} {channel}" for state in states for channel in channels}
            if record.ended and every <= {*self._records[key].sent}:
                del self._records[key]
                self._save()

    async def _try(self, key: str, state: str, channel: str) -> bool:
        """Send one object; whether that worked."""
        record, now = self._records[key], self._clock()
        waits = f"{record.key} {channel}"  # one pause for all alarms of a problem: they are sent in order
        retry = self._retries.get(waits)
        if retry and now < retry.at:
            return False
        try:
            await self._send(channel, _object(record, state, self._config()))
        except MailgateError as error:
            log.warning("alarm %s failed: %s: %s", channel, error.public, error.cause)
            wait = retry.pause if retry else RETRY_FIRST
            self._retries[waits] = _Retry(now + wait, min(2 * wait, RETRY_MOST))
            return False
        self._retries.pop(waits, None)
        self._records[key] = replace(record, sent=(*record.sent, f"{state} {channel}"))
        self._save()
        return True

    def _save(self) -> None:
        with suppress(OSError):  # a full disk: the alarm is sent, and may be sent again after a restart
            if self._records:
                write_private(
                    self._file, json.dumps({key: asdict(record) for key, record in self._records.items()}), durable=True
                )
            else:
                self._file.unlink(missing_ok=True)

    async def run(
        self,
        current: Callable[[], DaemonStatus],
        silence: Callable[[], Awaitable[datetime | None]],
        stop: asyncio.Event,
    ) -> None:
        """Look and send until `stop`. `silence` returns since when no mail came, where that is unusual."""
        silent: datetime | None = None
        asked: datetime | None = None
        while not stop.is_set():
            now = self._clock()
            if asked is None or now - asked >= SILENCE_INTERVAL or silent:
                asked = now
                with suppress(MailgateError):
                    silent = await silence()
            self._look_at(current(), silent, now)
            await self.deliver()
            await pause(stop, INTERVAL)


def alarm_path(config: Config) -> Path:
    """The file of the alarms that belongs to the configured database."""
    return config.storage.beside.with_name(config.storage.beside.name + ".alarms")


def _read(path: Path) -> dict[str, Record]:
    try:
        found = json.loads(path.read_text("utf-8"))
        return {key: _record(fields) for key, fields in found.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _record(fields: dict[str, Any]) -> Record:
    return Record(**{**fields, "sent": tuple(fields["sent"]), "over": tuple(fields.get("over", ()))})


def _object(record: Record, state: str, config: Config) -> dict[str, Any]:
    """What a command or webhook is given."""
    return {
        "alarm": record.kind,
        "name": record.name,
        "state": state,
        "text": record.text,
        "since": rfc3339(moment(record.since)),
        "ended": rfc3339(moment(record.ended or None)),
        "desk": config.desk.name,
        "host": os.uname().nodename,
    }


# ── channels ────────────────────────────────────────────────────────────────────────────


async def send(config: Config, channel: str, what: dict[str, Any]) -> None:
    """Run the command with the object on its standard input, or post it. Raises MailgateError."""
    data = json.dumps(what, ensure_ascii=False).encode()
    if channel == "webhook":
        code = await in_thread(post_json, config.alarm.webhook, data)
        if not 200 <= code <= 299:
            raise MailgateError("the webhook refused it", cause=f"HTTP status {code}")
        return
    try:
        process = await asyncio.create_subprocess_exec(*config.alarm.command, stdin=PIPE, stdout=DEVNULL, stderr=PIPE)
    except OSError as error:
        raise MailgateError("the command cannot be run", cause=f"{config.alarm.command[0]}: {error.strerror}") from None
    assert process.stdin is not None
    try:
        async with asyncio.timeout(COMMAND_TIMEOUT):
            write(process.stdin, data + b"\n")  # a command need not read it
            process.stdin.close()
            _, printed = await process.communicate()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise MailgateError("the command took too long", cause=f"{COMMAND_TIMEOUT:.0f} s") from None
    if process.returncode:
        last = printed.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise MailgateError(f"the command exited with {process.returncode}", cause=" ".join(last))
