"""The play: three tickets of First Bank from the first mail to the last.

Who gets what stands beside each step and is checked. The people press Reply on mails
that they really got.
"""

from __future__ import annotations

from mailgate.demo.people import Letter, Person, answer
from mailgate.demo.stage import Stage, check

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


async def play(stage: Stage) -> None:
    """Play all three. Raises Missed."""
    stage.screen.act("1. Entire mobile/online banking system is down")
    await outage(stage)
    stage.screen.act("2. Accounting department needs adobe upgrade")
    await upgrade(stage)
    stage.screen.act("3. The CFO states he is unable to use his laptop")
    await laptop(stage)


async def outage(stage: Stage) -> None:
    """Nobody acts in time; a team takes over."""
    opened = await stage.play(
        "Karen writes. A rule sees “down”: Business Critical Outage, Systems Administrators, Sev-A",
        Letter(
            KAREN,
            DESK,
            "Entire mobile/online banking system is down",
            "Nobody in our branch can log in since nine, neither on the web nor on phones.\n\nKaren",
        ),
        {KAREN: "acknowledgement", SOFIA: "new-ticket", ELLIOT: "new-ticket"},
    )
    late = await stage.wait(
        "Nobody acts. Sev-A's hour (six seconds here) runs out: overdue, manager and members hear of it",
        {SOFIA: "overdue", ELLIOT: "overdue"},
    )
    await stage.play(
        "Elliot assigns it to the team Online Banking, with a reason",
        answer(ELLIOT, late[ELLIOT], "#assign Online Banking -- they run the portal and its login"),
        {ELLIOT: "answer", SOFIA: "assigned"},
    )
    await stage.play(
        "Sofia keeps Karen informed: she answers the alert as she would answer any mail",
        answer(
            SOFIA,
            opened[SOFIA],
            "Hello Karen,\n\nthe login service does not answer. We are restarting it; I write again within the hour.",
        ),
        {KAREN: "reply", ELLIOT: "colleague-reply"},
    )
    await stage.play(
        "It is solved: one mail tells Karen and sets the ticket to Resolved",
        answer(SOFIA, opened[SOFIA], "#resolved\n\nLogin works again, on phones too. Sorry for the trouble."),
        {KAREN: "reply", ELLIOT: "colleague-reply"},
    )


async def upgrade(stage: Stage) -> None:
    """Vague on purpose: transferred, put under another plan, asked back, noted, resolved."""
    opened = await stage.play(
        "Dana's mail names a help topic on top: Report a Problem, in Maintenance",
        Letter(
            DANA,
            DESK,
            "Accounting department needs adobe upgrade",
            "Help topic: Report a Problem\nPhone: 555-0142\n\nWe need the adobe upgrade.",
        ),
        {DANA: "acknowledgement", ANN: "new-ticket", MARCUS: "new-ticket"},
    )
    moved = await stage.play(
        "Ann transfers it to Support and changes the plan from Default SLA to Sev-C, with reasons",
        answer(
            ANN,
            opened[ANN],
            "#transfer Support -- software is theirs\n#sla Sev-C -- nobody is stopped by it",
        ),
        {ANN: "answer", ELLIOT: "transferred", MARCUS: "transferred", TIM: "transferred"},
    )
    asked = await stage.play(
        "Elliot asks Dana for more, and so has the ticket; #pending stops its clock meanwhile",
        answer(
            ELLIOT,
            moved[ELLIOT],
            "#reply\n#pending\n\nHello Dana,\n\nwhich Adobe product is it, and on how many computers?",
        ),
        {DANA: "reply", ANN: "taken", MARCUS: "taken", TIM: "taken"},
    )
    more = await stage.play(
        "Dana answers in the same thread: the ticket is open again",
        answer(DANA, asked[DANA], "Acrobat, on all six computers in accounting."),
        {ELLIOT: "new-message"},
    )
    await stage.play(
        "Elliot notes what was tried: on the ticket, for agents alone",
        answer(
            ELLIOT,
            more[ELLIOT],
            "#note\n\nTwo of the six had no licence left. Tried last year's key: refused. Ordered two.",
        ),
        {},
    )
    done = await stage.play(
        "Elliot resolves it; Dana gets one mail, without a word of the note",
        answer(ELLIOT, more[ELLIOT], "#resolved\n\nAll six have the new Acrobat now."),
        {DANA: "reply"},
    )
    check("licence" not in done[DANA].text, "requesters read nothing of a note")
    check("Maintenance" not in asked[DANA].text + done[DANA].text, "requesters read no name of a hidden department")


async def laptop(stage: Stage) -> None:
    """Refused to an agent who may only look; claimed and worked by another."""
    opened = await stage.play(
        "Grace writes for the CFO. The child topic takes from its parent what it does not set",
        Letter(
            GRACE,
            DESK,
            "The CFO states he is unable to use his laptop",
            "Help topic: Report a Problem / Personal Computer Issues\n\nIt stays black. He flies at four.\n\nGrace",
        ),
        {GRACE: "acknowledgement", ANN: "new-ticket", ELLIOT: "new-ticket", MARCUS: "new-ticket", TIM: "new-ticket"},
    )
    refused = await stage.play(
        "Tim, whose role is View only, tries to take it and is told why he may not",
        answer(TIM, opened[TIM], "#claim\n\nHello Grace, I come over."),
        {TIM: "command-failed"},
    )
    check("View only" in refused[TIM].text, "a refusal names the role")
    await stage.play(
        "Marcus claims it; the others hear that it is taken",
        answer(MARCUS, opened[MARCUS], "#claim"),
        {MARCUS: "answer", ANN: "taken", ELLIOT: "taken", TIM: "taken"},
    )
    asked = await stage.play(
        "Marcus answers Grace",
        answer(MARCUS, opened[MARCUS], "Hello Grace,\n\nplease hold its power button for thirty seconds."),
        {GRACE: "reply"},
    )
    await stage.play(
        "Grace answers; Marcus alone hears of it",
        answer(GRACE, asked[GRACE], "It starts! He is in the taxi already. Thank you."),
        {MARCUS: "new-message"},
    )
    await stage.play(
        "Marcus resolves it without a word more; Grace is told",
        answer(MARCUS, opened[MARCUS], "#resolved"),
        {MARCUS: "answer", GRACE: "status-changed"},
    )
