"""`mailgate explain`: what would become of a mail, and why. Writes nothing."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mailgate.cli.common import config_of, now, plain, print_json, reading, say
from mailgate.desk.outcome import Context
from mailgate.desk.situation import prepare
from mailgate.errors import MailgateError
from mailgate.inbound.pipe import Stored, delivery, messages, without_from_line
from mailgate.settings import Config
from mailgate.store.attachments import digest
from mailgate.store.db import Db
from mailgate.store.queues.inbox import Claimed
from mailgate.worker.apply import subject_of
from mailgate.worker.explain import document, unread, words
from mailgate.worker.pipeline import Verdict, count_reports, think
from mailgate.worker.setup import Runtime, make_runtime, peek_secrets


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("files", nargs="+", metavar="FILE", help=".eml, mbox or Maildir; - is stdin")


def run(args: argparse.Namespace) -> int:
    """Explain each message of each file."""
    config = config_of(args, thorough=False)
    desk = make_runtime(config, peek_secrets(config))
    code = 0
    with reading(config) as db:
        for name in args.files:
            try:
                for stored in _messages(name):
                    _one(db, desk, name, stored, as_json=args.json)
            except BrokenPipeError:  # who reads the output has seen enough
                raise
            except (MailgateError, OSError) as error:
                told = error.public if isinstance(error, MailgateError) else str(error)
                say(told)
                if args.json:
                    print_json({"ok": False, **unread(name, told)})
                code = 1
    return code


def _messages(name: str) -> list[Stored]:
    if name == "-":
        return [Stored(without_from_line(sys.stdin.buffer.read()))]
    return list(messages(Path(name)))


def _one(db: Db, desk: Runtime, name: str, stored: Stored, *, as_json: bool) -> None:
    context = desk.context(now())
    verdict = _think(db, stored, context)
    subjects = {n: subject_of(notice, context, desk.writer) for n, notice in enumerate(verdict.outcome.whole.notices)}
    found = document(verdict, name, subjects, desk.config.agents)
    if as_json:
        print_json(found)
    else:
        print(plain(words(found)))


def _believed(config: Config) -> tuple[str, ...]:
    """Whose Authentication-Results count: a stored mail came by one of the ways in, and nothing is done with it."""
    ways = [each.authserv_ids for each in config.mailboxes.values()]
    if config.smtp:
        ways.append(config.smtp.authserv_ids)
    return tuple(dict.fromkeys(each for way in ways for each in way))


def _think(db: Db, stored: Stored, context: Context) -> Verdict:
    mail = delivery(stored, context.now)
    claimed = Claimed(
        id=0,
        source=mail.source,
        source_key=mail.source_key,
        envelope=mail.envelope,
        load=lambda: stored.raw,
        arrived_at=mail.arrived_at,
        authserv_ids=_believed(context.config),
        quiet=mail.quiet,
        tries=1,
    )
    prepared = prepare(claimed, context, digest)
    verdict = think(db, prepared, context)
    missing = verdict.outcome.uncounted
    return think(db, prepared, count_reports(db, missing, context)) if missing else verdict
