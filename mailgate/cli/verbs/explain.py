"""`mailgate explain`: what mailgate would do with a mail, and why. Writes nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from mailgate.cli.common import complain, config_of, now, plain, print_json, public_text, reading, told
from mailgate.cli.standard_streams import read_input
from mailgate.desk.outcome import Context
from mailgate.desk.prepare import prepare
from mailgate.errors import MailgateError
from mailgate.inbound.pipe import Stored, delivery, messages, without_from_line
from mailgate.settings import Config
from mailgate.store.attachments import digest
from mailgate.store.db import Db
from mailgate.store.queues.inbox import Claimed
from mailgate.worker.explain import document, unread, words
from mailgate.worker.pipeline import Verdict, count_reports, think
from mailgate.worker.runtime import Runtime, make_runtime
from mailgate.worker.secrets import peek_secrets
from mailgate.worker.written import subject_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments."""
    parser.add_argument("files", nargs="+", metavar="FILE", help=".eml, mbox or Maildir; - for standard input")


def run(args: argparse.Namespace) -> int:
    """Explain each message of each file; 1 when one could not be read."""
    config = config_of(args, thorough=False)
    runtime = make_runtime(config, peek_secrets(config))
    code = 0
    with reading(config) as db:
        for name in args.files:
            try:
                for stored in _messages(name):
                    _explain(db, runtime, name, stored, as_json=args.json)
            except BrokenPipeError:  # the reader of the output has closed it
                raise
            except (MailgateError, OSError) as error:
                message = public_text(error) if isinstance(error, MailgateError) else told(error)
                complain(message)
                if args.json:
                    print_json({"ok": False, **unread(name, message)})
                code = 1
    return code


def _messages(name: str) -> list[Stored]:
    if name == "-":
        return [Stored(without_from_line(read_input()))]
    return list(messages(Path(name)))


def _explain(db: Db, runtime: Runtime, name: str, stored: Stored, *, as_json: bool) -> None:
    context = runtime.context(now())
    verdict = _think(db, stored, context)
    subjects = {n: subject_of(notice, context) for n, notice in enumerate(verdict.outcome.combined.notices)}
    found = document(verdict, name, subjects, runtime.config.agents, context.in_english)
    if as_json:
        print_json(found)
    else:
        print(plain(words(found)))


def _authserv_ids(config: Config) -> tuple[str, ...]:
    """The authserv-ids of all mail sources, since a file does not tell by which one it came (RFC 8601 2.5)."""
    ids = [each.authserv_ids for each in config.mailboxes.values()]
    if config.smtp:
        ids.append(config.smtp.authserv_ids)
    return tuple(dict.fromkeys(each for source in ids for each in source))


def _think(db: Db, stored: Stored, context: Context) -> Verdict:
    mail = delivery(stored, context.now)
    claimed = Claimed(
        id=0,
        source=mail.source,
        source_key=mail.source_key,
        envelope=mail.envelope,
        load=lambda: stored.raw,
        arrived_at=mail.arrived_at,
        authserv_ids=_authserv_ids(context.config),
        quiet=mail.quiet,
        tries=1,
    )
    prepared = prepare(claimed, context, digest)
    verdict = think(db, prepared, context)
    missing = verdict.outcome.uncounted
    return think(db, prepared, count_reports(db, missing, context)) if missing else verdict
