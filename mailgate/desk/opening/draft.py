"""The input of rules and the draft of a routed ticket, for every way of opening one."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from mailgate.mail import Body, Mail
from mailgate.rules.routing.criteria import RuleInput
from mailgate.rules.routing.route import Routed
from mailgate.rules.sla.calendar import open_at
from mailgate.rules.text.forms import Form
from mailgate.rules.text.language import language_of
from mailgate.settings import Config
from mailgate.ticket import Address, Assignee, Status, Ticket


def rule_input(
    *,
    mail: Mail,
    body: Body,
    form: Form,
    recipients: tuple[str, ...],
    address: str,
    source: str,
    arrived_at: datetime,
    requester: str,
    known: bool,
    auth: str,
    declared: str,
    config: Config,
) -> RuleInput:
    """The input of rules. There are no defaults: with a forgotten field, rules on it would never match.

    `requester` is the address by which the customer is found, `declared` the language that the mail says it is in; the
    other names are those of `RuleInput`.
    """
    customer = config.customer_of(requester)
    return RuleInput(
        mail=mail,
        body=body,
        form=form,
        recipients=recipients,
        address=address,
        source=source,
        arrived_at=arrived_at,
        known=known,
        auth=auth,
        language=language_of(body.visible, declared),
        customer=customer.name if customer else "",
        within=partial(open_at, config.schedules),
    )


def draft(
    given: RuleInput,
    routed: Routed,
    *,
    number: int,
    subject: str,
    requester: Address,
    autoresponse: bool,
    links: tuple[int, ...],
    now: datetime,
    config: Config,
) -> Ticket:
    """The routed ticket, not written yet. A requester without a name has that of the form."""

    def text(key: str, default: str = "") -> str:
        value = routed.get(key)
        return value if isinstance(value, str) else default

    assign, tags, sla = text("assign"), routed.get("tags"), routed.values["sla"]
    return Ticket(
        number=number,
        subject=subject,
        status=Status(text("status", "open")),
        requester=Address(requester.email, requester.name or given.form.get("name")),
        department=text("department"),
        topic=text("topic"),
        priority=text("priority"),
        sla=str(sla.value),
        sla_from=sla.origin,
        address=given.address,
        created_at=given.arrived_at,
        updated_at=now,
        assignee=Assignee.parse(assign) if assign else None,
        tags=tags if isinstance(tags, tuple) else (),
        fields=given.form.fields or None,
        language=text("language") or given.language or config.desk.language,
        source=given.source,
        autoresponse=autoresponse,
        template=text("template"),
        sla_started_at=given.arrived_at,
        links=links,
    )
