"""`tickets new` and `tickets do`: the same decisions as for mail; outgoing mail is queued in the outbox."""

from __future__ import annotations

import argparse
import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

from mailgate.cli.common import complain, config_of, is_utf8, now, plain, print_json, public_text, writing
from mailgate.cli.json_errors import result_fields
from mailgate.cli.standard_streams import read_input
from mailgate.desk.agent import perform
from mailgate.desk.agent.report_mails import report_for
from mailgate.desk.gather.opening import gather_candidates, gather_opening
from mailgate.desk.gather.request import gather_order
from mailgate.desk.opening import by_hand
from mailgate.desk.opening.requester_named import requester_named
from mailgate.desk.outcome import Outcome
from mailgate.desk.report import count_on_own_connection
from mailgate.errors import BadArgument, NotFound, Refused
from mailgate.figures import Report
from mailgate.rules.commands.syntax import read_commands
from mailgate.rules.text import names
from mailgate.rules.text.names import Matched, match
from mailgate.settings import Agent, Config
from mailgate.store.db import Db
from mailgate.system.lock import running
from mailgate.ticket import Address, Assignee, Json
from mailgate.worker import apply, written
from mailgate.worker.carry_over import carry_over
from mailgate.worker.runtime import Runtime, make_runtime
from mailgate.worker.secrets import open_secrets
from mailgate.writing.templates.phrases import Catalogue
from mailgate.writing.views.answers import answer_views
from mailgate.writing.views.card import ticket_view
from mailgate.writing.views.words import Words


def new(args: argparse.Namespace) -> int:
    """`tickets new`: create a ticket on behalf of a requester and print its number."""
    config = config_of(args)
    text = _text(args)
    if not args.subject.strip():
        raise BadArgument("--subject must not be empty")
    with writing(config, new=args.new) as db, db.transaction():
        runtime = _runtime(db, config)
        context = runtime.context(now())
        requester = _requester(db, args.requester, config)
        order = by_hand.Order(requester, args.subject, text, _cause(), quiet=args.quiet)
        known = gather_opening(db, requester, context)
        outcome = apply.save(db, by_hand.open_by_hand(order, known, context), context)
        subjects = [written.subject_of(notice, context) for notice in outcome.notices]
    if args.json:
        notices: list[Json] = [
            {"kind": notice.kind.value, "to": notice.to.email, "subject": subject}
            for notice, subject in zip(outcome.notices, subjects, strict=True)
        ]
        print_json({"ok": True, "number": outcome.ticket, "notices": notices, "errors": []})
    else:
        print(outcome.ticket)
    return 0


def _runtime(db: Db, config: Config) -> Runtime:
    """The runtime; without a running daemon, first carries tickets over to the names that `was` changes."""
    runtime = make_runtime(config, open_secrets(db, config))
    if running(config.storage.beside) is None:
        carry_over(db, runtime, now())
    return runtime


def _requester(db: Db, typed: str, config: Config) -> Address:
    """The requester by ADDRESS, `NAME <ADDRESS>`, or the name of a known requester. Raises BadArgument."""
    try:
        return requester_named(typed, gather_candidates(db, typed), None, config)
    except Refused as error:
        raise BadArgument(f"--requester {typed}: {public_text(error)}") from None


def _text(args: argparse.Namespace) -> str:
    """The content of the --text file, or ""; bytes that are not UTF-8 are replaced."""
    if not args.text:
        return ""
    if args.text is sys.stdin:
        data = read_input()
    else:
        with args.text as file:
            data = file.buffer.read()
    return data.decode("utf-8", "replace").replace("\r\n", "\n")


def _cause() -> str:
    return f"cli:{uuid.uuid4().hex}"


def do(args: argparse.Namespace) -> int:
    """`tickets do N '#command' …`: apply all commands, or none if one of them fails."""
    config = config_of(args)
    lines = [line for command in args.commands for line in command.splitlines()]
    if wrong := next((line for line in lines if not is_utf8(line)), ""):
        raise BadArgument(f"{wrong} is not UTF-8")
    read = read_commands(lines)
    if words := read.rest:  # a forgotten # must not become a reply
        raise BadArgument(f"“{words[0]}” is not a command: commands begin with #, text is given with --text")
    for command in read.commands:
        if command.verb == "ticket" and command.value != str(args.number):
            raise BadArgument(f"{command.line}: the ticket is the argument: mailgate tickets do {command.value} …")
    text = _text(args)
    if text:
        lines += ["", *text.splitlines()]
    if not lines:
        raise BadArgument("name a command, such as '#resolved', or give --text")
    with writing(config) as db:
        agent = _agent(args.agent, config)
        outcome = _apply_commands(db, args.number, agent, lines, config)
    own, zone = Catalogue.of(config).words("en"), config.zone(agent.key if agent else "")
    done = [*(own.text(each, zone) for each in outcome.report), *_answered(outcome, agent, own, config)]
    errors = [own.text(each, zone) for each in outcome.problems]
    if not done and not errors:  # a script that forgot its text must not believe that it was sent
        raise BadArgument("nothing was done: #note, #reply and #quiet are about other commands or the text of --text")
    if args.json:
        print_json({**result_fields(errors), "done": [*done], "errors": [*errors]})
    else:
        for line in done:
            print(plain(line))
    for problem in errors:
        complain(problem)
    return 1 if errors else 0


def _answered(outcome: Outcome, agent: Agent | None, own: Words, config: Config) -> Iterator[str]:
    """The answers to the order's questions."""
    reader = agent.key if agent else ""
    card = partial(ticket_view, reader=reader, config=config, now=now(), own=own)
    for view in answer_views(outcome.answers, own, config.zone(reader), card, about=0):
        yield view.text


def _apply_commands(db: Db, number: int, agent: Agent | None, lines: list[str], config: Config) -> Outcome:
    """Apply the commands in one transaction. A report is counted outside of it, so as not to block other writers."""
    reports: dict[timedelta, Report] = {}
    while True:
        with db.transaction():
            outcome = _try_commands(db, number, agent, lines, _runtime(db, config), reports)
        if not outcome.uncounted:
            return outcome
        at = now()
        for each in outcome.uncounted:
            reports[each.span] = report_for(count_on_own_connection(config, at - each.span, at), each.agent, config)


def _try_commands(
    db: Db, number: int, agent: Agent | None, lines: list[str], runtime: Runtime, reports: Mapping[timedelta, Report]
) -> Outcome:
    context = replace(runtime.context(now()), reports=reports)
    order, ticket = gather_order(db, number, agent, read_commands(lines), _cause(), context)
    if ticket is None:
        raise NotFound(f"ticket {number} was not found")
    outcome = perform.work(order, ticket, context)
    if outcome.problems or outcome.uncounted:
        return outcome
    return apply.save(db, outcome, context)


def _agent(typed: str, config: Config) -> Agent | None:
    if not typed:
        return None
    if typed in config.agents:
        return config.agents[typed]
    found = match(typed, names.assignees(config))
    if isinstance(found, Matched) and (key := Assignee.parse(found.id).agent_key):
        return config.agents[key]
    raise BadArgument(f"--as {typed}: no such agent; agents: {', '.join(config.agents)}")
