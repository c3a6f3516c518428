"""Who hears what: alert recipients by name, one notice a person, fallbacks, requesters' side. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from mailgate.notice import NoticeKind
from mailgate.phrase import Phrase
from mailgate.rules.notices.audience import Audience, alert_recipients
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.notices.sentences import event_sentence, status_phrase
from mailgate.rules.notices.to_agents import PRECEDENCE
from mailgate.rules.notices.to_requesters import announce
from mailgate.rules.people.actors import actor
from mailgate.rules.ticket import acts, lifecycle
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.lifecycle import act_on
from mailgate.settings import Alerts, Department, Notices, SlaPlan, Step, Team
from mailgate.ticket import (
    ADMIN,
    CLOCK,
    Actor,
    Address,
    Asked,
    Assignee,
    Collaborator,
    Entry,
    EntryKind,
    EventKind,
    Status,
)
from tests.lab import NOW, desk, ticket
from tests.notices import ENGLISH, english

BY_ANN = Actor.agent("ann")
CONFIG = desk()
UTC = ZoneInfo("UTC")
KAREN = Address("karen@client.example", "Karen Client")
ANN = Stamp(Actor.agent("ann"), NOW)
TEAM = Assignee("team", "Online Banking")


def emails(names, config=CONFIG, audience=None, but="", **of_ticket):
    found = alert_recipients(names, ticket(**of_ticket), audience or Audience(), config, but=but)
    return [who.address.email for who in found]


ASKED_BOB = {"asked": (Asked("bob@base.example", by="ann"),)}  # of another department: that is how he sees it


# ── recipients by name ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "about", "expected"),
    [
        ("assignee", {"assignee": Assignee("agent", "bob")}, ["bob@base.example"]),
        ("assignee", {"assignee": TEAM}, ["elliot@bank.example"]),
        ("team", {"assignee": TEAM}, ["elliot@bank.example"]),
        ("team-lead", {"assignee": TEAM}, ["ann@bank.example"]),
        ("department", {}, ["elliot@bank.example", "ann@bank.example"]),
        ("manager", {"department": "Maintenance"}, ["ann@bank.example"]),
        ("last-respondent", {"last_respondent": "elliot"}, ["elliot@bank.example"]),
        ("admin", {}, ["root@ops.example"]),
        ("agent:bob", {}, ["bob@base.example"]),
        ("boss@x.example", {}, ["boss@x.example"]),
        ("elliot@home.example", {}, ["elliot@bank.example"]),
    ],
)
def test_a_recipient_name_means(name, about, expected):
    assert emails([name], **about) == expected


def test_alerted_are_those_who_wrote_or_were_asked():
    assert emails(["alerted"], **ASKED_BOB) == ["bob@base.example"]
    audience = Audience(involved=("bob", "gone"))
    assert emails(["alerted"], audience=audience, **ASKED_BOB) == ["bob@base.example"]
    assert "bob@base.example" not in emails(["alerted"], audience=audience), "who sees it no longer"


def test_everybody_once():
    assert emails(["assignee", "department", "ann@bank.example"], assignee=Assignee("agent", "ann")) == [
        "ann@bank.example",
        "elliot@bank.example",
    ]


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({"assignee": TEAM, "department": "Gone"}, ["elliot@bank.example"]),
        ({}, ["elliot@bank.example", "ann@bank.example"]),
        ({"department": "Empty"}, ["bob@base.example"]),
        ({"department": "Gone"}, ["root@ops.example"]),
        ({"department": "Gone", "assignee": Assignee("team", "Gone")}, ["root@ops.example"]),
        (
            {"department": "Gone", "assignee": Assignee("agent", "gone"), "last_respondent": "gone"},
            ["root@ops.example"],
        ),
    ],
)
def test_an_alert_never_goes_to_nobody(about, expected):
    config = desk(departments={**CONFIG.departments, "Empty": Department(name="Empty", manager="bob")})
    assert emails(["last-respondent"], config, **about) == expected


def test_without_an_admin_there_may_be_nobody_left():
    assert emails([], desk(desk=replace(CONFIG.desk, admin="")), department="Gone") == []


def test_a_team_without_members_is_its_lead():
    config = desk(teams={"Online Banking": Team(name="Online Banking", lead="ann")})
    assert emails(["assignee"], config, assignee=TEAM) == ["ann@bank.example"]


def test_the_last_respondent_who_lost_sight_of_the_ticket_reads_it_no_longer():
    assert emails(["last-respondent"], last_respondent="bob") == ["elliot@bank.example", "ann@bank.example"]


def test_who_needs_no_telling_does_not_count():
    assert emails(["department"], but="elliot") == ["ann@bank.example"]
    assert emails(["agent:elliot"], but="elliot") == ["ann@bank.example"]


# ── kinds by event ──────────────────────────────────────────────────────────────────────


def entry(kind, text="words"):
    return Entry(kind=kind, by=Actor.agent("ann"), author=Address("ann@bank.example", "Ann Admin"), at=NOW, text=text)


def occasion(by=BY_ANN, **more):
    authors = {
        Actor.agent("ann"): Address("ann@bank.example", "Ann Admin"),
        CLOCK: Address("", "Desk"),
        ADMIN: Address(""),
    }
    values = {"by": by, "cause": "c", "author": authors.get(by, KAREN), "now": NOW, **more}
    return Occasion(**values)


def changed(acts, by=BY_ANN, entries=(), config=CONFIG, **of_ticket):
    return act_on(ticket(**of_ticket), acts, Stamp(by, NOW, "why"), config, tuple(entries))


def told(change, by=BY_ANN, audience=None, config=CONFIG, **more):
    notices = announce(change, occasion(by, **more), audience or Audience(), config)
    assert len({notice.to.email for notice in notices}) == len(notices), "one notice a person"
    return {(str(notice.kind), notice.to.email) for notice in notices}


def test_nobody_hears_of_their_own_act():
    note = changed([acts.note(ANN)], entries=[entry(EntryKind.NOTE)], assignee=Assignee("agent", "ann"))
    assert told(note) == set(), "and a colleague who was not asked is not disturbed instead"


def test_a_note_goes_to_assignee_and_last_respondent():
    note = changed(
        [acts.note(ANN)],
        entries=[entry(EntryKind.NOTE)],
        assignee=Assignee("agent", "bob"),
        last_respondent="elliot",
    )
    assert told(note) == {("note", "bob@base.example"), ("note", "elliot@bank.example")}


def test_assigned_hear_assigned_and_those_who_wrote_or_were_asked_that_it_is_taken():
    change = changed(
        [acts.priority("High", ANN), acts.assign(Assignee("agent", "elliot"), ANN.because("x"))], **ASKED_BOB
    )
    audience = Audience(involved=("elliot", "ann"))
    assert told(change, audience=audience) == {("assigned", "elliot@bank.example"), ("taken", "bob@base.example")}
    by_kind = {str(n.kind): n for n in announce(change, occasion(), audience, CONFIG)}
    assert [*map(english, by_kind["taken"].facts)] == ["Ann Admin assigned the ticket to Elliot Alderson: x"], (
        "one line"
    )
    assert len(by_kind["assigned"].facts) == 2, "with the other facts inside"


def test_a_colleague_takes_it_and_only_whose_it_was_hears_of_it():
    taken = changed([acts.assign(Assignee("agent", "ann"), ANN)])
    assert told(taken) == set(), "the department had an alert, and that is all that it had to do with it"
    from_elliot = changed([acts.assign(Assignee("agent", "ann"), ANN)], assignee=Assignee("agent", "elliot"))
    assert told(from_elliot) == {("taken", "elliot@bank.example")}
    moved = changed([acts.assign(Assignee("agent", "ann"), ANN)], assignee=Assignee("agent", "bob"))
    assert told(moved) == set(), "Bob does not see it any more"


def test_released_is_told_to_the_department_and_to_who_was_asked():
    change = changed([acts.assign(None, ANN)], assignee=Assignee("agent", "ann"), **ASKED_BOB)
    assert told(change) == {("taken", "elliot@bank.example"), ("taken", "bob@base.example")}


def test_the_first_kind_wins_with_the_other_facts_inside():
    done = [
        acts.note(ANN),
        acts.transfer("Systems Administrators", ANN.because("servers"), CONFIG),
        acts.assign(Assignee("agent", "bob"), ANN),
        acts.status(Status.PENDING, ANN),
    ]
    change = changed(done, entries=[entry(EntryKind.NOTE, "the text")])
    assert told(change) == {("assigned", "bob@base.example")}
    (notice,) = announce(change, occasion(), Audience(), CONFIG)
    assert notice.text == "the text"
    assert [english(fact).partition(" ticket")[0] for fact in notice.facts] == [
        "Ann Admin moved the",
        "Ann Admin assigned the",
        "Ann Admin set the",
    ]


def test_precedence_is_the_interfaces():
    assert [str(kind) for kind in PRECEDENCE[:7]] == (
        ["overdue", "assigned", "transferred", "new-ticket", "new-message", "colleague-reply", "note"]
    )


def test_a_department_may_have_alerts_of_its_own():
    own = Department(name="Support", manager="ann", alerts={"note": ("manager",)})
    config = desk(departments={**CONFIG.departments, "Support": own})
    note = changed([acts.note(Stamp(Actor.agent("bob"), NOW))], Actor.agent("bob"), [entry(EntryKind.NOTE)])
    assert told(note, Actor.agent("bob"), config=config) == {("note", "ann@bank.example")}
    assert told(changed([acts.status(Status.PENDING, ANN)], assignee=Assignee("agent", "bob")), config=config) == {
        ("status", "bob@base.example")
    }, "what it does not set is the desk's"


def test_the_clock_closes_and_requesters_reopen_without_a_status_alert():
    change = changed([acts.status(Status.CLOSED, Stamp(CLOCK, NOW))], CLOCK, status=Status.RESOLVED)
    assert told(change, CLOCK) == set()
    message = lifecycle.receive(
        ticket(status=Status.RESOLVED, resolved_at=NOW),
        entry(EntryKind.MESSAGE),
        Stamp(Actor.requester("karen@client.example"), NOW),
        CONFIG,
        participant=True,
    )
    assert {kind for kind, _ in told(message, Actor.requester("karen@client.example"))} == {"new-message"}


def test_a_rules_alert_is_added_to_messages_and_openings_alone():
    message = lifecycle.receive(
        ticket(), entry(EntryKind.MESSAGE), Stamp(Actor.requester("k"), NOW), CONFIG, participant=True
    )
    assert ("new-message", "bob@base.example") in told(message, Actor.requester("k"), extra_alert=("agent:bob",))
    note = changed([acts.note(ANN)], entries=[entry(EntryKind.NOTE)])
    assert told(note, extra_alert=("agent:bob",)) == {("note", "elliot@bank.example")}


def ladder(alert, at=1.0):
    plan = SlaPlan(name="Default SLA", resolve=timedelta(hours=1), escalate=(Step(at=at, alert=alert),))
    return desk(slas={**CONFIG.slas, "Default SLA": plan})


@pytest.mark.parametrize(
    ("config", "step", "expected"),
    [
        (ladder(("manager",)), "100%", {("overdue", "ann@bank.example")}),
        (ladder(("team-lead",), 0.8), "80%", {("escalated", "elliot@bank.example"), ("escalated", "ann@bank.example")}),
        (ladder((), 0.5), "100%", {("overdue", "ann@bank.example"), ("overdue", "elliot@bank.example")}),
        (ladder(()), "first_response", {("escalated", "ann@bank.example"), ("escalated", "elliot@bank.example")}),
        (ladder(()), "next_response", {("escalated", "ann@bank.example"), ("escalated", "elliot@bank.example")}),
    ],
)
def test_steps_of_the_ladder_go_to_whom_they_name(config, step, expected):
    change = lifecycle.fire(ticket(), step, config, NOW)
    assert told(change, CLOCK, config=config) == expected


@pytest.mark.parametrize(
    ("names", "assignee", "expected"),
    [
        (("assignee", "manager", "department"), Assignee("agent", "bob"), {"bob@base.example", "ann@bank.example"}),
        (("assignee", "department"), TEAM, {"elliot@bank.example"}),
        (("assignee", "department"), None, {"elliot@bank.example", "ann@bank.example"}),
        (("department",), Assignee("agent", "bob"), {"elliot@bank.example", "ann@bank.example"}),
    ],
)
def test_a_department_hears_of_a_step_while_nobody_is_assigned_or_where_it_is_named_alone(names, assignee, expected):
    config = ladder(names)
    change = lifecycle.fire(ticket(assignee=assignee), "100%", config, NOW)
    assert {who for _, who in told(change, CLOCK, config=config)} == expected


def test_an_agent_who_writes_as_a_customer_is_not_told_but_somebody_is():
    own = Entry(kind=EntryKind.MESSAGE, by=Actor.requester("ann@bank.example"), author=KAREN, at=NOW, text="x")
    opened = lifecycle.open_ticket(ticket(), Stamp(Actor.requester("ann@bank.example"), NOW), CONFIG, {}, own)
    author = Address("ann@bank.example")
    assert told(opened, Actor.requester("ann@bank.example"), author=author) == {("new-ticket", "elliot@bank.example")}
    assigned = changed([acts.assign(Assignee("agent", "ann"), Stamp(Actor.rule("x"), NOW))], Actor.rule("x"))
    assert ("assigned", "ann@bank.example") not in told(assigned, Actor.requester("ann@bank.example"), author=author)


# ── requesters and collaborators ────────────────────────────────────────────────────────

JANE = Collaborator("jane@client.example", "Jane")
JOE = Collaborator("joe@client.example", "Joe", active=False)


def reply(config=CONFIG, more=(), by=BY_ANN, direct=(), quiet=False, **of_ticket):
    change = changed([acts.reply("ann", ANN), *more], by, [entry(EntryKind.REPLY)], config, **of_ticket)
    notices = announce(change, occasion(by, direct=frozenset(direct), quiet=quiet), Audience(), config)
    return [notice for notice in notices if notice.kind.to_requester]


def test_a_reply_goes_to_requester_and_active_collaborators():
    mails = reply(collaborators=(JANE, JOE))
    assert [(str(mail.kind), mail.to.email) for mail in mails] == [
        ("reply", "karen@client.example"),
        ("reply", "jane@client.example"),
    ]
    assert mails[0].cc == mails[1].cc == (Address(JANE.email, JANE.name),)
    assert mails[1].also_to == (KAREN,)


@pytest.mark.parametrize(
    ("status", "wanted", "fact"),
    [
        (Status.RESOLVED, ("resolved",), True),
        (Status.CLOSED, ("resolved",), False),
        (Status.CLOSED, ("closed",), True),
        (Status.PENDING, ("resolved", "closed", "reopened"), False),
    ],
)
def test_which_status_changes_requesters_hear_of(status, wanted, fact):
    config = desk(notices=Notices(status_changes=wanted))
    (mail,) = reply(config, [acts.status(status, ANN)])
    assert bool(mail.facts) is fact
    alone = changed([acts.priority("High", ANN), acts.status(status, ANN)])
    assert (("status-changed", "karen@client.example") in told(alone, config=config)) is fact
    assert ("status-changed", "karen@client.example") not in told(alone, config=config, quiet=True)


def test_reopened_is_told_when_wanted_and_not_to_who_did_it():
    config = desk(notices=Notices(status_changes=("reopened",)))
    change = changed([acts.status(Status.OPEN, ANN)], status=Status.CLOSED)
    assert told(change, config=config) >= {("status-changed", "karen@client.example")}
    by_karen = Actor.requester("karen@client.example")
    assert ("status-changed", "karen@client.example") not in told(change, by_karen, config=config)


def test_a_ticket_that_is_not_answered_automatically_is_told_nothing_by_itself():
    change = changed([acts.status(Status.RESOLVED, ANN)], autoresponse=False)
    assert not [kind for kind, _ in told(change) if kind == "status-changed"]
    assert [str(mail.kind) for mail in reply(autoresponse=False)] == ["reply"]


def test_who_has_the_words_directly_still_hears_of_the_status():
    mails = reply(more=[acts.status(Status.RESOLVED, ANN)], direct=[KAREN.email], collaborators=(JANE,))
    assert [(str(mail.kind), mail.to.email) for mail in mails] == [
        ("status-changed", "karen@client.example"),
        ("reply", "jane@client.example"),
    ]
    assert reply(direct=[KAREN.email]) == []
    assert reply(more=[acts.status(Status.RESOLVED, ANN)], direct=[KAREN.email], quiet=True) == []


def test_the_requester_who_is_the_acting_agent_is_not_written_to():
    assert reply(requester=Address("ann@bank.example")) == []


def opened(config=CONFIG, **more):
    words = Entry(kind=EntryKind.MESSAGE, by=Actor.requester("k"), author=KAREN, at=NOW, text="the words")
    change = lifecycle.open_ticket(ticket(), Stamp(Actor.requester("k"), NOW), config, {}, words)
    notices = announce(change, occasion(Actor.requester("k"), answers="<1@c>", **more), Audience(), config)
    return [notice for notice in notices if notice.kind.to_requester]


def test_opening_is_acknowledged_when_it_may_be():
    (ack,) = opened(automatic=True)
    assert (ack.kind, ack.text, ack.in_reply_to, ack.is_first) == (
        NoticeKind.ACKNOWLEDGEMENT,
        "the words",
        "<1@c>",
        True,
    )
    (bare,) = opened(automatic=True, reveal=False)
    assert (bare.text, bare.reveal) == ("", False)
    assert opened() == []
    assert opened(desk(notices=Notices(acknowledge=False)), automatic=True) == []
    assert opened(automatic=True, quiet=True) == []


def test_opening_for_somebody_tells_them():
    (mail,) = opened(on_behalf=True)
    assert (mail.kind, mail.text) == (NoticeKind.OPENED_FOR_YOU, "the words")
    change = lifecycle.open_ticket(ticket(), Stamp(ADMIN, NOW), CONFIG, {}, None)
    first = announce(change, occasion(ADMIN, on_behalf=True), Audience(), CONFIG)[0]
    assert (first.text, first.attachments) == ("", ())
    assert [n.text for n in announce(change, occasion(CLOCK, automatic=True), Audience(), CONFIG)][:1] == [""]


def test_an_agent_for_whom_a_colleague_opens_quietly_hears_it_as_an_alert():
    change = lifecycle.open_ticket(ticket(requester=Address("elliot@bank.example")), ANN, CONFIG, {}, None)
    assert told(change, on_behalf=True) == {("opened-for-you", "elliot@bank.example")}
    assert told(change, on_behalf=True, quiet=True) == {("new-ticket", "elliot@bank.example")}


def test_follow_ups_when_wanted():
    words = entry(EntryKind.MESSAGE)
    by = Actor.requester("karen@client.example")
    change = lifecycle.receive(ticket(), words, Stamp(by, NOW), CONFIG, participant=True)
    config = desk(notices=Notices(follow_up=True))
    assert ("follow-up-received", "karen@client.example") in told(change, by, config=config, automatic=True)
    assert ("follow-up-received", "karen@client.example") not in told(change, by, config=config)
    assert ("follow-up-received", "karen@client.example") not in told(change, by, automatic=True)
    silent = replace(change, after=replace(change.after, autoresponse=False))
    assert ("follow-up-received", "karen@client.example") not in told(silent, by, config=config, automatic=True)


def test_threading_by_what_the_reader_has():
    message = Entry(kind=EntryKind.MESSAGE, by=Actor.requester("k"), author=KAREN, at=NOW, text="x", message_id="<m@c>")
    note = Entry(kind=EntryKind.NOTE, by=Actor.agent("ann"), author=KAREN, at=NOW, text="n", message_id="<note@c>")
    change = changed([acts.reply("ann", ANN)], entries=[entry(EntryKind.REPLY)])
    first = announce(change, occasion(), Audience(history=(note, message)), CONFIG)[0]
    assert (first.in_reply_to, first.references, first.is_first) == ("<m@c>", ("<m@c>",), True)
    assert first.history == (message,), "no note is quoted to a requester"
    later = announce(change, occasion(), Audience(history=(note, message), last_sent={KAREN.email: "<o@d>"}), CONFIG)[0]
    assert (later.in_reply_to, later.references, later.is_first) == ("<o@d>", ("<m@c>", "<o@d>"), False)


# ── sentences ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("by", "name"),
    [
        (Actor.agent("ann"), "Ann Admin"),
        (Actor.agent("gone"), "gone"),
        (Actor.requester("k@c"), "k@c"),
        (Actor.rule("R"), "the rule “R”"),
        (ADMIN, "the administrator"),
        (CLOCK, "the desk"),
    ],
)
def test_who_acted(by, name):
    assert ENGLISH.text(actor(by, CONFIG), UTC) == name


@pytest.mark.parametrize(
    ("kind", "before", "after", "sentence"),
    [
        (EventKind.ASSIGNED, None, {"agent": "ann"}, "Ann Admin took the ticket."),
        (EventKind.ASSIGNED, None, {"team": "T"}, "Ann Admin assigned the ticket to the team T."),
        (EventKind.ASSIGNED, None, {"agent": "gone"}, "Ann Admin assigned the ticket to gone."),
        (EventKind.ASSIGNED, None, None, "Ann Admin assigned the ticket to nobody."),
        (EventKind.RELEASED, {"agent": "ann"}, None, "Ann Admin released the ticket; it is assigned to nobody."),
        (EventKind.TRANSFERRED, "A", "B", "Ann Admin moved the ticket from A to B."),
        (EventKind.TOPIC_CHANGED, "A", "B", "Ann Admin changed the help topic from A to B."),
        (EventKind.SLA_CHANGED, "A", "B", "Ann Admin changed the SLA plan from A to B."),
        (EventKind.PRIORITY_CHANGED, "A", "B", "Ann Admin changed the priority from A to B."),
        (EventKind.STATUS_CHANGED, "open", "closed", "Ann Admin closed the ticket."),
        (
            EventKind.DUE_CHANGED,
            None,
            "2026-12-24T09:00:00Z",
            "Ann Admin moved the due time to Thu 24 Dec 2026, 09:00 UTC.",
        ),
        (EventKind.DUE_CHANGED, None, None, ""),
        (EventKind.OVERDUE, None, {"due_at": None}, "The ticket is overdue."),
        (EventKind.OVERDUE, None, None, "The ticket is overdue."),
        (EventKind.ESCALATED, None, {"step": "80%"}, "80% of the time of the SLA plan Default SLA has passed."),
        (EventKind.NOTED, None, None, ""),
    ],
)
def test_what_agents_are_told(kind, before, after, sentence):
    assert english(event_sentence(ANN.event(kind, before, after), ticket(), CONFIG)) == sentence


def test_a_reason_is_told_to_agents_and_a_computed_due_time_is_not():
    event = ANN.because("she asked").event(EventKind.PRIORITY_CHANGED, "Low", "High")
    said = english(event_sentence(event, ticket(), CONFIG))
    assert said == "Ann Admin changed the priority from Low to High: she asked"
    by_clock = Stamp(CLOCK, NOW).event(EventKind.DUE_CHANGED, None, "2026-12-24T09:00:00Z")
    assert english(event_sentence(by_clock, ticket(), CONFIG)) == ""
    for step, words in (("first_response", "first response"), ("next_response", "latest message")):
        assert words in english(event_sentence(ANN.event(EventKind.ESCALATED, after={"step": step}), ticket(), CONFIG))


def test_a_time_in_a_sentence_is_in_the_zone_of_its_reader_like_the_ticket_below():
    bob = replace(CONFIG.agents["bob"], timezone=ZoneInfo("Asia/Kathmandu"))
    config = replace(CONFIG, agents={**CONFIG.agents, "bob": bob})
    event = Stamp(CLOCK, NOW).event(EventKind.OVERDUE, None, {"due_at": "2026-11-30T20:00:00Z"})

    def in_zone(reader):
        return ENGLISH.sentence(event_sentence(event, ticket(), config, reader), config.zone(reader))

    assert in_zone("bob").endswith("was due Tue 1 Dec 2026, 01:45 +0545.")
    assert in_zone("ann").endswith("was due Mon 30 Nov 2026, 20:00 UTC.")


@pytest.mark.parametrize("status", Status)
def test_what_requesters_are_told_of_a_status(status):
    assert status_phrase(ANN.because("SECRET").event(EventKind.STATUS_CHANGED, "x", status)) == Phrase(f"told.{status}")


def test_alerts_of_each_kind_have_a_key():
    keys = {"new_ticket", "new_message", "colleague_reply", "note", "assigned", "transferred", "status"}
    assert set(Alerts.__dataclass_fields__) == keys
