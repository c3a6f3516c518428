"""Routing: the administrator's rules over a mail give a ticket its values, each with its origin.

A value comes from the first of: the last rule that set it, a form line, the customer, the desk
address, the topic (then its parents), the department, the defaults. Applying the values to a ticket
is not done here, nor is telling anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from itertools import repeat
from operator import attrgetter

from mailgate.rules.routing.criteria import RuleInput, holds, is_met
from mailgate.rules.routing.rule_index import RuleIndex
from mailgate.settings import Config, Criterion, Routing, Rule

Value = str | bool | tuple[str, ...]
KEYS = tuple(field.name for field in fields(Routing))
_VALUES = attrgetter(*KEYS)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A value and where it came from.

    `rule:NAME`, `form`, `customer:NAME`, `address`, `topic:NAME`, `department:NAME` or `defaults`.
    """

    value: Value
    origin: str

    @property
    def rule(self) -> str:
        """Name of the rule that set it; "" for any other origin."""
        kind, _, name = self.origin.partition(":")
        return name if kind == "rule" else ""


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The result of one rule. `because` is put into words on demand: routing does not use it."""

    rule: Rule
    given: RuleInput
    on: str
    matched: bool
    stopped_by: str = ""

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.rule.name

    @property
    def because(self) -> str:
        """Which criteria held or failed, or why the rule was not tried."""
        if self.stopped_by:
            return f"not tried: stopped by {self.stopped_by}"
        if self.on not in self.rule.on:
            return f"not tried: only for {' and '.join(sorted(self.rule.on))}"
        return _because(self.rule, self.given)


@dataclass(frozen=True, slots=True)
class Routed:
    """The values that rules, form, customer, address, topic … gave, and what rules ask for besides."""

    values: Mapping[str, Chosen]  # by routing key; a key that nothing sets is absent
    matched: tuple[RuleResult, ...]  # of the rules that matched, in their order
    of: tuple[RuleInput, str, tuple[Rule, ...]]  # what was routed, on what, by which rules
    alert: tuple[str, ...] = ()  # alert recipients of all matching rules
    requester: Chosen | None = None  # "reply_to"
    reject: Chosen | None = None  # the reason to send back
    drop: Chosen | None = None
    canned: Chosen | None = None  # name of the canned response that answers a new ticket's mail
    join: timedelta = timedelta()  # how old the ticket may be that the mail joins; zero: none

    def get(self, key: str) -> Value | None:
        """The value of a routing key, or None."""
        chosen = self.values.get(key)
        return chosen.value if chosen else None

    @property
    def results(self) -> Iterator[RuleResult]:
        """The result of every rule, for `explain`; takes time in proportion to their number."""
        given, on, rules = self.of
        matched, stopped_by = list(self.matched), ""
        for rule in rules:
            if matched and rule is matched[0].rule:
                yield matched.pop(0)
                stopped_by = rule.name if rule.stop else ""
            else:
                yield RuleResult(rule, given, on, matched=False, stopped_by=stopped_by)


def route(
    given: RuleInput, config: Config, index: RuleIndex, on: str = "new", first: Sequence[tuple[str, Routing]] = ()
) -> Routed:
    """Route a new ticket's mail; with `on` = "message", give only what rules for later mails set.

    `index`: that of the configuration's rules. `first`: what somebody said by hand, with its origin; it comes before
    every rule.
    """
    matched = list(_matching(given, index, on))
    layers = [*first, *((f"rule:{rule.name}", rule.then) for rule in reversed(matched))]
    requester = _last(matched, "requester")
    values = _place(layers, given, config, requester) if on == "new" else _take(layers)
    return Routed(
        values=values,
        matched=tuple(RuleResult(rule, given, on, matched=True) for rule in matched),
        of=(given, on, index.rules),
        alert=tuple(dict.fromkeys(recipient for rule in matched for recipient in rule.alert)),
        requester=requester,
        reject=_rejection(matched, given.language or config.desk.language),
        drop=_last(matched, "drop"),
        canned=_last(matched, "canned"),
        join=next((rule.join for rule in reversed(matched) if rule.join), timedelta()),
    )


# ── rules ───────────────────────────────────────────────────────────────────────────────


def _matching(given: RuleInput, index: RuleIndex, on: str) -> Iterator[Rule]:
    """The rules that match, up to the first one that stops."""
    for rule in index.candidates(given):
        if on in rule.on and _matches(rule, given):
            yield rule
            if rule.stop:
                return


def _matches(rule: Rule, given: RuleInput) -> bool:
    if rule.when and not any(map(_all, rule.when, repeat(given))):
        return False
    return not any(map(_all, rule.unless, repeat(given)))


def _all(table: tuple[Criterion, ...], given: RuleInput) -> bool:
    return all(map(is_met, table, repeat(given)))


def _because(rule: Rule, given: RuleInput) -> str:
    if not rule.when:
        when = "no conditions"
    else:
        held, when = _word(rule.when, given)
        if not held:
            return when
    excluded, unless = _word(rule.unless, given)
    return f"{when}; but unless: {unless}" if excluded else when


def _word(tables: tuple[tuple[Criterion, ...], ...], given: RuleInput) -> tuple[bool, str]:
    """Whether any table holds, and the clauses of it, else what failed in each."""
    failed = []
    for table in tables:
        judged = [holds(criterion, given) for criterion in table]
        if all(held for held, _ in judged):
            return True, ", ".join(clause for _, clause in judged)
        failed.append(next(clause for held, clause in judged if not held))
    return False, "; ".join(failed)


def _last(matched: list[Rule], name: str) -> Chosen | None:
    return next(
        (Chosen(value, f"rule:{rule.name}") for rule in reversed(matched) if (value := getattr(rule, name))), None
    )


def _rejection(matched: list[Rule], language: str) -> Chosen | None:
    """The reason of the last rule that rejects, in the language of the mail."""
    rule = next((rule for rule in reversed(matched) if rule.reject), None)
    return Chosen(rule.rejects.get(language) or rule.reject, f"rule:{rule.name}") if rule else None


# ── values ──────────────────────────────────────────────────────────────────────────────

Layers = list[tuple[str, Routing]]


def _place(rules: Layers, given: RuleInput, config: Config, requester: Chosen | None) -> dict[str, Chosen]:
    """Topic first, for it brings its own layers; then department, which does too; then the rest."""
    address = [("address", config.addresses[given.address].routing)] if given.address in config.addresses else []
    address = [*_customer(given, config, requester), *address]
    form = [("form", Routing(topic=name))] if (name := form_topic(given, config)) else []
    defaults = [("defaults", config.defaults)]
    layers = [*rules, *form, *address, *defaults]
    topic = _take(layers).get("topic")
    chain = [(f"topic:{found.name}", found.routing) for found in config.topic_chain(str(topic.value) if topic else "")]
    layers = [*rules, *form, *address, *chain, *defaults]
    department = _take(layers).get("department")
    found = config.departments.get(str(department.value)) if department else None
    own = [(f"department:{found.name}", found.routing)] if found else []
    placed = {key: chosen for key, chosen in (("topic", topic), ("department", department)) if chosen}
    return _take([*rules, *form, *address, *chain, *own, *defaults]) | placed


def _customer(given: RuleInput, config: Config, requester: Chosen | None) -> Layers:
    """The customer that the ticket will belong to: a rule may make it that of `Reply-To`."""
    mail = given.mail
    author = mail.reply_to[0] if requester and mail.reply_to else mail.author
    customer = config.customer_of(author.email)
    return [(f"customer:{customer.name}", customer.routing)] if customer else []


def _take(layers: Layers) -> dict[str, Chosen]:
    """Each key from the first layer that sets it; tags from all of them."""
    values: dict[str, Chosen] = {}
    for origin, routing in layers:
        for key, value in zip(KEYS, _VALUES(routing), strict=True):
            if value is not None and key not in values:
                values[key] = Chosen(value, origin)
    if "tags" in values:
        every = dict.fromkeys(tag for _, routing in reversed(layers) for tag in routing.tags or ())
        values["tags"] = Chosen(tuple(every), values["tags"].origin)
    return values


def form_topic(given: RuleInput, config: Config) -> str:
    """The public topic that the form's `Help topic` line names, by full path or unique leaf; else ""."""
    typed = _fold(given.form.get("help topic") or given.form.get("topic"))
    public = [topic.name for topic in config.topics.values() if topic.public]
    exact = [name for name in public if _fold(name) == typed]
    leaves = [name for name in public if _fold(name.rpartition("/")[2]) == typed]
    return exact[0] if exact else leaves[0] if len(leaves) == 1 else ""


def _fold(text: str) -> str:
    """Case and the white space around slashes do not matter."""
    return "/".join(" ".join(part.split()) for part in text.casefold().split("/"))
