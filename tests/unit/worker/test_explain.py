"""`mailgate explain`: every stage and reason of a mail, with nothing written."""

from __future__ import annotations

import pytest

from mailgate.worker import batch as processor
from mailgate.worker import explain
from mailgate.worker.pipeline import think
from tests.desk import KAREN
from tests.notices import english


def test_explain_names_the_command_that_named_the_ticket(bench):
    bench.send(KAREN, "Help")
    alert = next(mail for mail in bench.sent() if mail.kind == "new-ticket" and mail.to == "elliot@bank.example")
    bench.send(KAREN, "Other", subject="Another thing")
    bench.accept(bench.write("elliot@bank.example", "#ticket 1002\n#claim", answers=alert))
    (prepared,) = processor.read(processor.claim(bench.db), bench.desk, bench.now)
    verdict = think(bench.db, prepared, bench.desk.context(bench.now))
    assert explain.document(verdict, "a.eml", {}, bench.config.agents, english)["ticket"] == {
        "number": 1002,
        "why": "named-by-command",
    }


@pytest.mark.sqlite
def test_explain_says_everything_and_writes_nothing(bench):
    bench.accept(bench.write(KAREN, "Help topic: Report a Problem\n\nA chair.", subject="Chair"))
    claimed = processor.claim(bench.db)
    (prepared,) = processor.read(claimed, bench.desk, bench.now)
    before = bench.db.one("SELECT total_changes()")[0]
    verdict = think(bench.db, prepared, bench.desk.context(bench.now))
    assert bench.db.one("SELECT total_changes()")[0] == before
    document = explain.document(verdict, "a.eml", {0: "the subject"}, bench.config.agents, english)
    assert list(document) == (
        [
            "file",
            "mail",
            "screen",
            "bounce",
            "forwarded",
            "sender",
            "ticket",
            "rules",
            "fields",
            "commands",
            "changes",
            "notices",
            "error",
        ]
    )
    assert document["screen"] == {"kind": "human", "reasons": ["no-machine-sign"]}
    assert document["fields"]["topic"] == {"value": "Report a Problem", "from": "form"}
    assert document["fields"]["department"]["from"] == "topic:Report a Problem"
    assert document["ticket"] == {"number": 1001, "why": "new ticket: nothing-names-a-ticket"}
    assert document["notices"][0]["subject"] == "the subject"
    assert document["sender"] == {"kind": "stranger", "name": "Karen Client", "assurance": "none"}
    words = explain.words(document)
    for word in (
        "topic = Report a Problem  (form)",
        "screened  human",
        "notice    acknowledgement to karen@client.example",
    ):
        assert word in words
