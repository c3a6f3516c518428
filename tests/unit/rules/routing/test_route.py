"""Routing: which layer a value comes from, against a slow and plain reference; and the rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import Mail
from mailgate.rules.routing.criteria import RuleInput
from mailgate.rules.routing.route import KEYS, Chosen, Routed, form_topic, route
from mailgate.rules.routing.rule_index import RuleIndex
from mailgate.rules.text.forms import read_form
from mailgate.settings import Config, Criterion, Customer, Department, DeskAddress, Routing, Rule, Topic
from mailgate.ticket import Address
from tests.lab import NOW, body, desk, mail, named

DESK = desk()


def rule_input(
    letter: Mail | None = None, text: str = "", address: str = "support@bank.example", **changes: Any
) -> RuleInput:
    values: dict[str, Any] = {
        "mail": letter or mail(),
        "body": body(text),
        "form": read_form(text),
        "recipients": (address,),
        "address": address,
        "source": "smtp",
        "arrived_at": NOW,
        "known": False,
        "auth": "none",
        "language": "",
        "customer": "",
        "within": lambda _schedule, _moment: False,
        **changes,
    }
    return RuleInput(**values)


def subject(*values: str, **changes: Any) -> Criterion:
    return Criterion(field="subject", values=values, **changes)


def rule(name: str, *when: tuple[Criterion, ...], **changes: Any) -> Rule:
    then = {key: changes.pop(key) for key in KEYS if key in changes}
    return Rule(name=name, position=0, when=when, then=Routing(**then), **changes)


def routed(*rules: Rule, on: str = "new", config: Config = DESK, **changes: Any) -> Routed:
    return route(rule_input(**changes), replace(config, rules=rules), RuleIndex(rules), on)


def values(found: Routed) -> dict[str, tuple[Any, str]]:
    return {key: (chosen.value, chosen.origin) for key, chosen in found.values.items()}


# ── layers ──────────────────────────────────────────────────────────────────────────────


def test_without_anything_else_the_defaults_hold() -> None:
    assert values(routed()) == {
        "topic": ("General Inquiry", "defaults"),
        "department": ("Support", "defaults"),
        "sla": ("Default SLA", "defaults"),
        "priority": ("Normal", "defaults"),
    }


def test_the_address_brings_its_topic_and_the_topic_its_values() -> None:
    found = values(routed(address="outages@bank.example"))
    assert found["topic"] == ("Business Critical Outage", "address")
    for key, value in (("department", "Systems Administrators"), ("sla", "Sev-A"), ("priority", "Emergency")):
        assert found[key] == (value, "topic:Business Critical Outage")
    assert found["tags"] == (("outage",), "topic:Business Critical Outage")


def test_a_child_topic_takes_from_its_parent_what_it_does_not_set() -> None:
    found = values(routed(text="Help topic: Personal Computer Issues\n\nx"))
    assert found["topic"] == ("Report a Problem / Personal Computer Issues", "form")
    assert found["department"] == ("Support", "topic:Report a Problem / Personal Computer Issues")
    assert found["assign"] == ("agent:elliot", "topic:Report a Problem")


def test_the_department_gives_its_keys_after_the_topic() -> None:
    found = values(routed(text="Help topic: Report a Problem\n\nx"))
    assert found["department"] == ("Maintenance", "topic:Report a Problem")
    assert found["sla"] == ("Sev-B", "department:Maintenance")
    assert found["tags"] == (("house",), "department:Maintenance")


def test_the_last_rule_that_set_a_value_wins_over_form_and_address() -> None:
    found = routed(
        rule("one", topic="Report a Problem", priority="Low", tags=("one",)),
        rule("two", priority="High", tags=("two", "one")),
        address="outages@bank.example",
        text="Help topic: General Inquiry\n\nx",
    )
    assert found.values["topic"] == Chosen("Report a Problem", "rule:one")
    assert found.values["priority"] == Chosen("High", "rule:two")
    assert found.get("department") == "Maintenance"
    assert found.values["tags"] == Chosen(("house", "one", "two"), "rule:two")
    assert found.get("language") is None


def test_a_value_of_false_is_a_value() -> None:
    assert routed(rule("quiet", autoresponse=False)).get("autoresponse") is False


def test_an_address_or_department_that_the_config_no_longer_has_gives_nothing() -> None:
    found = routed(rule("gone", department="Gone"), address="gone@bank.example")
    assert found.get("department") == "Gone"
    assert found.get("sla") == "Default SLA"
    assert not routed(config=replace(DESK, defaults=Routing())).values


@pytest.mark.parametrize(
    ("line", "topic"),
    [
        ("Help topic: report a  problem", "Report a Problem"),
        ("Help topic: report a problem/personal computer issues", "Report a Problem / Personal Computer Issues"),
        ("Topic: Personal Computer Issues", "Report a Problem / Personal Computer Issues"),
        ("Help topic: Other", ""),
        ("Help topic: Internal / Other", "Internal / Other"),
        ("Help topic: Internal / Audit", ""),
        ("Help topic: Audit", ""),
        ("Help topic: Nothing", ""),
        ("Name: General Inquiry", ""),
    ],
)
def test_the_form_names_a_public_topic_by_path_or_unique_leaf(line: str, topic: str) -> None:
    assert form_topic(rule_input(text=f"{line}\n\nx"), DESK) == topic


# ── rules ───────────────────────────────────────────────────────────────────────────────


def because(found: Routed) -> dict[str, tuple[bool, str]]:
    return {result.name: (result.matched, result.because) for result in found.results}


def test_all_keys_of_a_table_and_any_table_of_a_list() -> None:
    portal, down, mail_ = subject("portal"), subject("down"), subject("mail")
    found = because(
        routed(
            rule("both", (portal, down)),
            rule("one fails", (portal, mail_)),
            rule("either", (mail_,), (down,)),
            rule("neither", (mail_,), (mail_, down)),
            rule("always"),
        )
    )
    text = 'subject "Portal is down"'
    assert found == {
        "both": (True, f'{text} contains "portal", {text} contains "down"'),
        "one fails": (False, f'{text} does not contain "mail"'),
        "either": (True, f'{text} contains "down"'),
        "neither": (False, f'{text} does not contain "mail"; {text} does not contain "mail"'),
        "always": (True, "no conditions"),
    }


def test_unless_takes_a_rule_out() -> None:
    found = routed(
        rule("out", unless=((subject("mail"),), (subject("down"),)), priority="High"),
        rule("in", (subject("portal"),), unless=((subject("mail"),),), priority="Low"),
        rule("both", (subject("portal"),), unless=((subject("down"),),), priority="High"),
    )
    assert found.get("priority") == "Low"
    text = 'subject "Portal is down"'
    assert because(found) == {
        "out": (False, f'no conditions; but unless: {text} contains "down"'),
        "in": (True, f'{text} contains "portal"'),
        "both": (False, f'{text} contains "portal"; but unless: {text} contains "down"'),
    }


def test_stop_ends_the_rules_only_when_it_matched() -> None:
    found = routed(
        rule("no", (subject("mail"),), stop=True),
        rule("yes", stop=True, priority="Low"),
        rule("late", priority="High"),
    )
    assert found.get("priority") == "Low"
    assert because(found)["late"] == (False, "not tried: stopped by yes")


def test_rules_for_later_mails_give_only_what_they_set() -> None:
    rules = (
        rule("new", priority="Low"),
        rule("later", on=frozenset({"message"}), priority="High", tags=("again",)),
        rule("both", on=frozenset({"new", "message"}), sla="Sev-A"),
    )
    found = routed(*rules, on="message")
    assert values(found) == {
        "priority": ("High", "rule:later"),
        "sla": ("Sev-A", "rule:both"),
        "tags": (("again",), "rule:later"),
    }
    assert because(found)["new"] == (False, "not tried: only for new")
    assert because(routed(*rules))["later"] == (False, "not tried: only for message")
    assert routed(*rules).get("priority") == "Low"


def test_what_rules_ask_for_besides() -> None:
    found = routed(
        rule("a", alert=("manager", "admin"), drop=True),
        rule("b", alert=("admin", "agent:ann"), reject="no", requester="reply_to"),
        rule("c", reject="please write to sales"),
        rule("d", (subject("mail"),), alert=("team",), requester="x"),
    )
    assert found.alert == ("manager", "admin", "agent:ann")
    assert found.drop == Chosen(value=True, origin="rule:a")
    assert found.reject == Chosen("please write to sales", "rule:c")
    assert found.requester == Chosen("reply_to", "rule:b")
    assert (routed().alert, routed().drop, routed().reject, routed().requester) == ((), None, None, None)


# ── against a slow reference ────────────────────────────────────────────────────────────

PLAIN = [key for key in KEYS if key not in ("topic", "department", "tags")]
TOPICS = ["A", "A / B", "A / B / C", "D"]
DEPARTMENTS = ["X", "Y"]


def routings(*, topic: bool = True, department: bool = True) -> st.SearchStrategy[Routing]:
    return st.builds(
        Routing,
        topic=st.sampled_from([None, *TOPICS]) if topic else st.none(),
        department=st.sampled_from([None, *DEPARTMENTS]) if department else st.none(),
        sla=st.sampled_from([None, None, "s1", "s2"]),
        priority=st.sampled_from([None, None, "p1", "p2"]),
        assign=st.sampled_from([None, "agent:x"]),
        autoresponse=st.sampled_from([None, True, False]),
        tags=st.sampled_from([None, ("t1",), ("t2", "t1"), ("t3",)]),
    )


def first(layers: list[tuple[str, Routing]], key: str) -> tuple[Any, str] | None:
    for origin, routing in layers:
        if getattr(routing, key) is not None:
            return getattr(routing, key), origin
    return None


def reference(rules: list[Rule], config: Config, form: str) -> dict[str, tuple[Any, str]]:
    """What docs/config.md says of precedence, word by word."""
    by_rule = [(f"rule:{one.name}", one.then) for one in reversed(rules)]
    by_form = [("form", Routing(topic=form))] if form else []
    by_address = [("address", config.addresses["support@bank.example"].routing)]
    by_default = [("defaults", config.defaults)]
    result = {}
    topic = first(by_rule + by_form + by_address + by_default, "topic")
    by_topic = []
    name = topic[0] if topic else ""
    while name:
        by_topic.append((f"topic:{name}", config.topics[name].routing))
        name = config.topics[name].parent
    department = first(by_rule + by_address + by_topic + by_default, "department")
    by_department = [(f"department:{department[0]}", config.departments[department[0]].routing)] if department else []
    layers = by_rule + by_form + by_address + by_topic + by_department + by_default
    for key, found in (("topic", topic), ("department", department), *((key, first(layers, key)) for key in PLAIN)):
        if found:
            result[key] = found
    tags: list[str] = []
    for _, routing in reversed(layers):
        tags += [tag for tag in routing.tags or () if tag not in tags]
    if any(routing.tags is not None for _, routing in layers):
        origin = first(layers, "tags")
        assert origin
        result["tags"] = tuple(tags), origin[1]
    return result


@given(
    st.lists(routings(), max_size=3),
    routings(),
    st.lists(routings(topic=False), min_size=4, max_size=4),
    st.lists(routings(topic=False, department=False), min_size=2, max_size=2),
    routings(),
    st.sampled_from(["", *TOPICS]),
)
def test_precedence_is_that_of_the_plain_reference(
    thens: list[Routing],
    address: Routing,
    topics: list[Routing],
    departments: list[Routing],
    defaults: Routing,
    form: str,
) -> None:
    rules = [Rule(name=str(place), position=place, then=then) for place, then in enumerate(thens)]
    config = replace(
        DESK,
        rules=tuple(rules),
        addresses={"support@bank.example": DeskAddress(email="support@bank.example", name="x", routing=address)},
        topics=named(
            *(
                Topic(name=name, parent=name.rpartition(" / ")[0], routing=routing)
                for name, routing in zip(TOPICS, topics, strict=True)
            )
        ),
        departments=named(
            *(Department(name=name, routing=routing) for name, routing in zip(DEPARTMENTS, departments, strict=True))
        ),
        defaults=defaults,
    )
    found = route(rule_input(text=f"Help topic: {form}\n\nx"), config, RuleIndex(rules))
    assert values(found) == reference(rules, config, form)


def test_the_company_of_reply_to_decides_where_a_rule_makes_the_ticket_theirs() -> None:
    base = Customer(name="Base", domains=("base.example",), routing=Routing(sla="Sev-B"))
    config = replace(DESK, customers={"Base": base})
    form = mail("form@web.example", reply_to=(Address("ravi@base.example"),))
    assert values(routed(config=config, letter=form))["sla"] == ("Default SLA", "defaults")
    theirs = routed(rule("form", requester="reply_to"), config=config, letter=form)
    assert values(theirs)["sla"] == ("Sev-B", "customer:Base")
