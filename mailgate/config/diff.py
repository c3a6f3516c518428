"""The differences between two configurations as sentences, for `reload`; and names that tickets lose."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from mailgate.config.check import is_unattended
from mailgate.errors import Problem
from mailgate.settings import Config

KINDS = {
    "addresses": ("desk address", "desk addresses"),
    "mailboxes": ("mailbox", "mailboxes"),
    "departments": ("department", "departments"),
    "roles": ("role", "roles"),
    "agents": ("agent", "agents"),
    "teams": ("team", "teams"),
    "customers": ("customer", "customers"),
    "schedules": ("schedule", "schedules"),
    "slas": ("SLA plan", "SLA plans"),
    "topics": ("topic", "topics"),
    "canned": ("canned response", "canned responses"),
}
TABLES = (
    "desk",
    "storage",
    "smtp",
    "submission",
    "http",
    "defaults",
    "alerts",
    "notices",
    "trust",
    "tickets",
    "attachments",
    "report",
    "spam",
    "alarm",
)
_SHOWN = 8  # names in one line


def changes(old: Config, new: Config) -> tuple[str, ...]:
    """The differences, one sentence each; empty when there are none."""
    return (*_tables(old, new), *_relays(old, new), *_named(old, new), *_rules(old, new), *_folder(old, new))


def changed_files(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    """The differences between the template files of the administrator, one sentence each; digests by path."""
    return tuple(_changes_by_name(("template file", "template files"), old, new))


def orphans(config: Config, used: Mapping[str, Mapping[str, int]]) -> tuple[Problem, ...]:
    """A warning for each name that open tickets use and the configuration no longer defines, or nobody attends to.

    `used` counts open tickets by kind ("department", "team", "agent", "sla", "topic" or
    "priority"), then by name. A former name in `was` counts as defined.
    """
    known: dict[str, set[str]] = {"priority": set(config.priorities)}
    for kind, things in (
        ("department", config.departments),
        ("team", config.teams),
        ("agent", config.agents),
        ("sla", config.slas),
        ("topic", config.topics),
    ):
        known[kind] = {name for key, thing in things.items() for name in (key, *thing.was)}
    empty = {name for name in config.departments if is_unattended(name, config)}
    return tuple(
        Problem("", _orphan(kind, name, count, exists=name in known[kind]), file=str(config.file), warning=True)
        for kind, counts in sorted(used.items())
        for name, count in sorted(counts.items())
        if count and (name not in known[kind] or (kind == "department" and name in empty))
    )


def _orphan(kind: str, name: str, count: int, *, exists: bool) -> str:
    word = "SLA plan" if kind == "sla" else kind
    uses = "1 open ticket uses" if count == 1 else f"{count} open tickets use"
    advice = f': add was = ["{name}"] to its successor' if kind != "priority" else ""
    return f'{uses} the {word} "{name}", {"in which no agent is" if exists else "which no longer exists"}{advice}'


def _tables(old: Config, new: Config) -> Iterator[str]:
    for table in TABLES:
        before, after = getattr(old, table), getattr(new, table)
        if before == after:
            continue
        if before is None or after is None:
            yield f"[{table}] {'added' if before is None else 'removed'}"
        else:
            yield f"[{table}] changed: {', '.join(_fields(before, after))}"


def _relays(old: Config, new: Config) -> Iterator[str]:
    before, after = ({relay.name: relay for relay in config.relays} for config in (old, new))
    if len(before) == len(after) == 1:
        one, other = old.relays[0], new.relays[0]
        if one != other:
            yield f"[relay] changed: {', '.join(_fields(one, other))}"
        return
    yield from _changes_by_name(("relay", "relays"), before, after)
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield "the order of the relays has changed"


def _fields(before: Any, after: Any) -> list[str]:
    fields = [field.name for field in dataclasses.fields(before)]
    return [name.rstrip("_") for name in fields if getattr(before, name) != getattr(after, name)]


def _named(old: Config, new: Config) -> Iterator[str]:
    for kind, words in KINDS.items():
        before: Mapping[str, object] = getattr(old, kind)
        after: Mapping[str, object] = getattr(new, kind)
        yield from _changes_by_name(words, before, after)
        common_before = [name for name in before if name in after]
        if kind == "addresses" and common_before and next(iter(before)) != next(iter(after)):
            yield f"the first desk address is now {next(iter(after))}"


def _rules(old: Config, new: Config) -> Iterator[str]:
    before = {rule.name: dataclasses.replace(rule, position=0) for rule in old.rules}
    after = {rule.name: dataclasses.replace(rule, position=0) for rule in new.rules}
    yield from _changes_by_name(("rule", "rules"), before, after)
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield "the order of the rules has changed"


def _folder(old: Config, new: Config) -> Iterator[str]:
    if old.templates != new.templates:
        yield f"templates are now read from {new.templates or 'the installed package'}"


def _changes_by_name(
    words: tuple[str, str], before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[str]:
    yield from _sentence(words, "added", [name for name in after if name not in before])
    yield from _sentence(words, "removed", [name for name in before if name not in after])
    yield from _sentence(words, "changed", [name for name in after if name in before and before[name] != after[name]])


def _sentence(words: tuple[str, str], done: str, names: list[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"{len(names)} {words[len(names) > 1]} {done}: {', '.join(names[:_SHOWN])}{more}"
