"""[[rule]]: the administrator's rules, in the order of the file.

Criteria are read in `mailgate.config.sections.criteria`; rules are evaluated in `mailgate.rules.routing`.
"""

from __future__ import annotations

from datetime import timedelta

from mailgate.config.sections.criteria import RULE_KEYS, misplaced, read_criteria
from mailgate.config.sections.routing import read_routing, recipients
from mailgate.config.toml.messages import quoted_text
from mailgate.config.toml.reader import Spot, Table
from mailgate.rules.routing.criteria import FIELDS
from mailgate.settings import Criterion, Rule

_THEN_KEYS = (
    "alert",
    "canned",
    "reject",
    "drop",
    "join",
    "department",
    "topic",
    "sla",
    "priority",
    "assign",
    "tags",
    "autoresponse",
)
Conditions = tuple[tuple[Criterion, ...], ...]


def read_rules(top: Table, language: str = "en") -> tuple[Rule, ...]:
    """Read every [[rule]] in the order of the file."""
    value = top.raw("rule")
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        top.error("rule", "must be a list of tables: write [[rule]] with two brackets")
        return ()
    names: dict[str, int] = {}
    rules = []
    for position, item in enumerate(value):
        table = Table(item, _rule_spot(item, position), top.reading)
        rule = _rule(table, position, language)
        if rule.name in names:
            table.error("name", f"rule {names[rule.name] + 1} has the same name: names of rules must be unique")
        names.setdefault(rule.name, position)
        rules.append(rule)
    return tuple(rules)


def _rule_spot(item: dict[str, object], position: int) -> Spot:
    name = item.get("name")
    label = f"rule.{quoted_text(name)}" if isinstance(name, str) and name else f"rule.{position + 1}"
    return Spot(("rule", position), label, "rule")


def _rule(table: Table, position: int, language: str) -> Rule:
    on = table.choices("on", ("new", "message"), ("new",))
    if not on:
        table.error("on", 'is empty: write on = ["new"], ["message"] or both')
    then = table.table("then")
    if table.data.get("then", {}) == {} and not table.data.get("stop"):
        table.error("", "does nothing: write [rule.then] and below it what to set")
    act = then or Table({}, table.at("then"), table.reading)
    join = act.duration("join", timedelta(days=1))
    reject, rejects = act.line_by_language("reject", "", language, example='"Please write to sales@bank.example"')
    rule = Rule(
        name=table.needed("name", '"What it is for"'),
        position=position,
        on=frozenset(on),
        stop=table.flag("stop", default=False),
        when=read_conditions(table, "when"),
        unless=read_conditions(table, "unless"),
        then=read_routing(act),
        alert=recipients(act, "alert"),
        requester=act.choice("requester", ("", "reply_to"), ""),
        reject=reject,
        rejects=rejects,
        drop=act.flag("drop", default=False),
        canned=act.name("canned", "canned"),
        join=join if "join" in act else timedelta(),
    )
    if act.data.get("reject") == "":
        act.error("reject", "is empty: write what the sender is told, or drop = true to tell nothing")
    if rule.canned and rule.on == {"message"}:
        act.error("canned", 'only applies to new tickets: write on = ["new"], or remove it')
    if rule.reject and rule.drop:
        act.error("drop", "a mail is either rejected, with a message to its sender, or dropped: keep one of them")
    if rule.join and (rule.drop or rule.reject):
        act.error("join", "a rejected or dropped mail cannot join a ticket: keep one of them")
    act.done({key: misplaced(key) for key in RULE_KEYS})
    table.done(dict.fromkeys((*FIELDS, *_THEN_KEYS), ": it belongs below [rule.when] or [rule.then], not beside name"))
    return rule


def read_conditions(table: Table, key: str) -> Conditions:
    """Read `when` or `unless`: a table of criteria, or a list of tables of which one must match."""
    value = table.raw(key)
    if value is None:
        return ()
    spot = table.at(key)
    tables = value if isinstance(value, list) else [value]
    if not tables or not all(isinstance(item, dict) for item in tables):
        table.error(key, f'must be a table or a list of tables: write {key} = {{ subject = "outage" }}')
        return ()
    conditions = []
    for index, item in enumerate(tables):
        inner = spot if not isinstance(value, list) else spot.item(index)
        if not item:
            table.reading.error(inner, f"is empty: write a criterion, or remove {key}")
        conditions.append(tuple(read_criteria(Table(item, inner, table.reading))))
    return tuple(conditions)
