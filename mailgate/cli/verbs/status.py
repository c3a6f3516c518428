"""`mailgate status`: up? connected to what? how long are the queues? Exit 1 when something is wrong."""

from __future__ import annotations

import argparse

from mailgate.cli.common import config_of, now, print_json, print_line, reading
from mailgate.cli.failure import ending
from mailgate.daemon import status
from mailgate.daemon.status import DaemonStatus, disks_nearly_full
from mailgate.rules.people.absence import away_lines
from mailgate.rules.ticket.as_json import rfc3339
from mailgate.settings import Config
from mailgate.store.people import absences
from mailgate.store.queues import inbox
from mailgate.system.lock import running


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""


def run(args: argparse.Namespace) -> int:
    """Print how it stands."""
    config = config_of(args, thorough=False)
    daemon = running(config.storage.database)
    standing = status.read(config) if daemon else DaemonStatus()
    with reading(config) as db:
        queues = status.queues(db)
        aside = inbox.troubles(db)
        away = absences.away(db, now())
    problems = _problems(config, daemon, standing, aside, queues["failed"])
    if args.json:
        print_json(
            {
                **ending(problems),
                "problems": list(problems),
                "pid": daemon,
                "ways_in": [
                    {"name": way.name, "connected": way.connected, "last_error": way.last_error}
                    for way in standing.ways_in
                ],
                "relay": {"ok": standing.relay.ok, "last_error": standing.relay.last_error},
                "queues": dict(queues.items()),
                "away": [{"agent": each.agent, "until": rfc3339(each.until)} for each in away.values()],
            }
        )
        return 1 if problems else 0
    print(f"daemon      {f'process {daemon}' if daemon else 'not running'}")
    for way in standing.ways_in:
        print_line(f"way in      {way.name}: {way.trouble or 'good'}")
    if daemon:
        print_line(f"relay       {'good' if standing.relay.ok else standing.relay.last_error}")
    print("queues      " + ", ".join(f"{name} {count}" for name, count in queues.items()))
    for line in away_lines(away, config.desk.timezone, config):
        print_line(f"away        {line}")
    for problem in problems:
        print_line(f"problem     {problem}")
    return 1 if problems else 0


def _problems(config: Config, daemon: int | None, standing: DaemonStatus, aside: int, failed: int) -> tuple[str, ...]:
    problems = []
    if daemon is None:
        problems.append(f"no daemon works on {config.storage.database}; start it with: mailgate run")
    problems += [standing.worker] if standing.worker else []
    problems += [f"{way.name}: {way.trouble}" for way in standing.ways_in if way.trouble]
    if not standing.relay.ok:
        problems.append(f"the relay takes no mail: {standing.relay.last_error}")
    problems += disks_nearly_full(config)
    if aside:
        problems.append(f"{aside} in quarantine; see: mailgate queue quarantine list")
    if failed:
        problems.append(f"{failed} mails could not be delivered; see: mailgate queue outbox list")
    return tuple(problems)
