"""The scenario of the demo: three tickets of First Bank, from the first mail to the last.

Each step lists the recipients and the notice kinds, which are checked. Replies are replies to
mails that the desk really sent.
"""

from __future__ import annotations

from mailgate.demo.mail_client import Person, SentMail, reply
from mailgate.demo.runner import Runner, require

DESK = "support@bank.example"

KAREN = Person("Karen Client", "karen@client.example", html=True)
DANA = Person("Dana Accounting", "dana@client.example")
GRACE = Person("Grace Office", "grace@client.example", html=True)
ANN = Person("Ann Reyes", "ann@bank.example")
ELLIOT = Person("Elliot Alderson", "elliot@bank.example")
SOFIA = Person("Sofia Marin", "sofia@bank.example", html=True)
MARCUS = Person("Marcus Webb", "marcus@bank.example", html=True)
TIM = Person("Tim Nakata", "tim@bank.example")

PEOPLE = {person.email: person for person in (KAREN, DANA, GRACE, ANN, ELLIOT, SOFIA, MARCUS, TIM)}


async def play(demo: Runner) -> None:
    """Play all three tickets. Raises StepFailed."""
    demo.output.ticket("1. Entire mobile/online banking system is down")
    await outage(demo)
    demo.output.ticket("2. Accounting department needs adobe upgrade")
    await upgrade(demo)
    demo.output.ticket("3. The CFO states he is unable to use his laptop")
    await laptop(demo)
    require(not demo.early, "an overdue alert is sent once")


async def outage(demo: Runner) -> None:
    """A ticket goes overdue and is assigned to a team."""
    opened = await demo.send(
        "Karen writes. A rule sees “down”: Business Critical Outage, Systems Administrators, Sev-A",
        SentMail(
            KAREN,
            DESK,
            "Entire mobile/online banking system is down",
            "Nobody in our branch can log in since nine, neither on the web nor on phones.\n\nKaren",
        ),
        {KAREN: "acknowledgement", SOFIA: "new-ticket", ELLIOT: "new-ticket"},
    )
    late = await demo.wait(
        "No agent acts. Sev-A's hour (six seconds here) runs out: the manager and the members get an overdue alert",
        {SOFIA: "overdue", ELLIOT: "overdue"},
    )
    await demo.send(
        "Elliot assigns it to the team Online Banking, with a reason",
        reply(ELLIOT, late[ELLIOT], "#assign Online Banking -- they run the portal and its login"),
        {ELLIOT: "answer", SOFIA: "assigned"},
    )
    await demo.send(
        "Sofia keeps Karen informed: she replies to the alert as to any mail",
        reply(
            SOFIA,
            opened[SOFIA],
            "Hello Karen,\n\nthe login service does not answer. We are restarting it; I write again within the hour.",
        ),
        {KAREN: "reply", ELLIOT: "colleague-reply"},
    )
    await demo.send(
        "The problem is solved: one mail answers Karen and sets the ticket to Resolved",
        reply(SOFIA, opened[SOFIA], "#resolved\n\nLogin works again, on phones too. Sorry for the trouble."),
        {KAREN: "reply", ELLIOT: "colleague-reply"},
    )


async def upgrade(demo: Runner) -> None:
    """A vague request: transferred, given another SLA plan, clarified, noted, resolved."""
    opened = await demo.send(
        "Dana's mail begins with a help topic: Report a Problem, which belongs to Maintenance",
        SentMail(
            DANA,
            DESK,
            "Accounting department needs adobe upgrade",
            "Help topic: Report a Problem\nPhone: 555-0142\n\nWe need the adobe upgrade.",
        ),
        {DANA: "acknowledgement", ANN: "new-ticket", MARCUS: "new-ticket"},
    )
    moved = await demo.send(
        "Ann transfers it to Support and changes the plan from Default SLA to Sev-C, with reasons",
        reply(
            ANN,
            opened[ANN],
            "#transfer Support -- software is theirs\n#sla Sev-C -- nobody is stopped by it",
        ),
        {ANN: "answer", ELLIOT: "transferred", MARCUS: "transferred", TIM: "transferred"},
    )
    asked = await demo.send(
        "Elliot asks Dana a question, which assigns the ticket to him; #pending stops its SLA clock",
        reply(
            ELLIOT,
            moved[ELLIOT],
            "#reply\n#pending\n\nHello Dana,\n\nwhich Adobe product is it, and on how many computers?",
        ),
        {DANA: "reply"},
    )
    more = await demo.send(
        "Dana replies in the same thread: the ticket is open again",
        reply(DANA, asked[DANA], "Acrobat, on all six computers in accounting."),
        {ELLIOT: "new-message"},
    )
    await demo.send(
        "Elliot adds a note on what was tried: visible to agents only",
        reply(
            ELLIOT,
            more[ELLIOT],
            "#note\n\nTwo of the six had no licence left. Tried last year's key: refused. Ordered two.",
        ),
        {},
    )
    done = await demo.send(
        "Elliot resolves it; Dana gets one mail, which contains nothing of the note",
        reply(ELLIOT, more[ELLIOT], "#resolved\n\nAll six have the new Acrobat now."),
        {DANA: "reply"},
    )
    require("licence" not in done[DANA].text, "requesters never see a note")
    texts = asked[DANA].text + done[DANA].text
    require("Maintenance" not in texts, "requesters never see the name of a private department")


async def laptop(demo: Runner) -> None:
    """Refused to an agent with the role View only; claimed and resolved by another agent."""
    opened = await demo.send(
        "Grace writes for the CFO. The child topic inherits from its parent what it does not set",
        SentMail(
            GRACE,
            DESK,
            "The CFO states he is unable to use his laptop",
            "Help topic: Report a Problem / Personal Computer Issues\n\nIt stays black. He flies at four.\n\nGrace",
        ),
        {GRACE: "acknowledgement", ANN: "new-ticket", ELLIOT: "new-ticket", MARCUS: "new-ticket", TIM: "new-ticket"},
    )
    refused = await demo.send(
        "Tim, whose role is View only, tries to claim it and is told why he may not",
        reply(TIM, opened[TIM], "#claim\n\nHello Grace, I come over."),
        {TIM: "command-failed"},
    )
    require("View only" in refused[TIM].text, "a refusal names the role")
    await demo.send(
        "Marcus claims it",
        reply(MARCUS, opened[MARCUS], "#claim"),
        {MARCUS: "answer"},
    )
    asked = await demo.send(
        "Marcus replies to Grace",
        reply(MARCUS, opened[MARCUS], "Hello Grace,\n\nplease hold its power button for thirty seconds."),
        {GRACE: "reply"},
    )
    await demo.send(
        "Grace replies; only Marcus is alerted",
        reply(GRACE, asked[GRACE], "It starts! He is in the taxi already. Thank you."),
        {MARCUS: "new-message"},
    )
    await demo.send(
        "Marcus resolves it without a message; Grace is notified",
        reply(MARCUS, opened[MARCUS], "#resolved"),
        {MARCUS: "answer", GRACE: "status-changed"},
    )
