"""docs/config.md and config.example.toml against the reader: both have exactly the keys that are read."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from pathlib import Path

from mailgate.config.load import load, read
from mailgate.rules.routing.criteria import FIELDS, Field, Kind
from mailgate.settings import Routing

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "config.example.toml"
ROUTING = {field.name for field in dataclasses.fields(Routing)}
FREE = re.compile(r"agent\.NAME\.departments\.|schedule\.NAME\.hours\.|customer\.NAME\.people\.")  # names, weekdays
MAILBOX = """
[submission]
listen = "0.0.0.0:587"
tls = {}
[mailbox.x]
host = "h"
user = "u"
password = "p"
[mailbox.person]
provider = "microsoft"
oauth2 = {}
[mailbox.robot]
provider = "google"
oauth2 = {}
"""


def known() -> set[str]:
    """Every key that is read from a configuration with every table."""
    text = EXAMPLE.read_text("utf-8").replace("[relay]\n", "[relay]\noauth2 = {}\ndkim = {}\n")
    text = text.replace("[smtp]  ", "[smtp]\ntls = {} #")
    _, reading = read(EXAMPLE, text + MAILBOX, {})
    return {shape for shape in reading.asked if "." in shape and not FREE.match(shape)}


def documented() -> dict[str, set[str]]:
    """The keys of each table in docs/config.md."""
    tables: dict[str, set[str]] = {}
    keys: set[str] = set()
    for line in (ROOT / "docs/config.md").read_text("utf-8").splitlines():
        if heading := re.match(r"#{2,3} (?:\[([A-Za-z0-9._]+)\]|(Routing keys))", line):
            keys = tables.setdefault(heading[1] or heading[2], set())
        elif row := re.match(r"\| `(\w+)` \|", line):
            keys.add(row[1])
    return tables


def is_documented(shape: str, docs: dict[str, set[str]]) -> bool:
    table, _, key = shape.rpartition(".")
    table = table.replace("rule.unless", "rule.when").replace("department.NAME.alerts", "alerts")
    table = table.replace("relay.oauth2", "mailbox.NAME.oauth2").replace("submission.tls", "smtp.tls")
    return key in docs.get(table, ()) or (key in ROUTING and key in docs["Routing keys"])


def test_every_key_that_is_read_is_documented() -> None:
    docs = documented()
    assert [shape for shape in sorted(known()) if not is_documented(shape, docs)] == []


def test_every_documented_key_is_read() -> None:
    read_keys = known()
    documented_keys = [
        f"{table}.{key}" for table, keys in documented().items() for key in keys if table != "Routing keys"
    ]
    assert len(documented_keys) > 90
    assert [shape for shape in documented_keys if shape not in read_keys] == []


def test_every_routing_key_is_documented() -> None:
    assert documented()["Routing keys"] == ROUTING


def test_the_fields_that_rules_ask_for_are_documented_with_their_operators() -> None:
    """The table of docs/config.md is the table of the code, row by row."""
    text = (ROOT / "docs/config.md").read_text("utf-8")
    rows = text.partition("### [rule.when]")[2].partition("| key | operators | |\n| --- | --- | --- |\n")[2]
    assert rows.partition("\n\n")[0].splitlines() == [_documented(field) for field in FIELDS.values()]


def _documented(field: Field) -> str:
    """The row of a field in docs/config.md: "texts" stands for the operators that compare texts."""
    texts = set(Kind.WORD.value) <= set(field.kind.value)
    others = [f"`{op}`" for op in field.kind.value if not (texts and op in Kind.WORD.value)]
    operators = ", ".join((*(["texts"] if texts else []), *others))
    return f"| `{field.name}` | {operators} | {field.doc + ' ' if field.doc else ''}|"


def test_the_example_has_neither_errors_nor_warnings() -> None:
    assert load(EXAMPLE, {})[1] == ()


def test_the_example_is_the_desk_of_the_two_labs() -> None:
    config, _ = load(EXAMPLE, {})
    outage = config.topics["Business Critical Outage"].routing
    assert (outage.department, outage.sla, outage.priority) == ("Systems Administrators", "Sev-A", "Emergency")
    computers = config.topics["Report a Problem / Personal Computer Issues"]
    assert (computers.parent, computers.routing.department) == ("Report a Problem", "Support")
    assert [topic.name for topic in config.topic_chain(computers.name)] == [computers.name, "Report a Problem"]
    assert not config.departments["Maintenance"].public
    assert {"Level I Support", "Online Banking"} <= set(config.teams)
    assert [config.slas[name].resolve for name in ("Sev-A", "Sev-B", "Sev-C", "Default SLA")] == [
        timedelta(hours=hours) for hours in (1, 4, 8, 18)
    ]
    assert config.slas["Sev-C"].schedule == "Business hours"
    assert config.roles[config.agents["trainee"].role].may == frozenset()


def test_the_commented_mailbox_of_the_example_is_valid() -> None:
    text = EXAMPLE.read_text("utf-8")
    shown = re.sub(r"^# (?=\[mailbox|host = \"imap|user|password|existing|after)", "", text, flags=re.MULTILINE)
    config, reading = read(EXAMPLE, shown, {"SUPPORT_PASSWORD": "x"})
    assert reading.problems == []
    assert config.mailboxes["support"].host == "imap.bank.example"
