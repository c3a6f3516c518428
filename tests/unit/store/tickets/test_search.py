"""Full-text search: the same tickets on both engines, indexed or not, and no word of what was erased."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from mailgate.rules.text.search_words import terms_of
from mailgate.store.maintenance.forget import forget
from mailgate.store.tickets import erase, queries, search
from mailgate.store.tickets.queries import Query, find, find_in_batches
from tests.desk import ANN, KAREN, Bench

ANN_ADDRESS = "ann@bank.example"
SOFIA = "Sofía Client <sofia@client.example>"


def index(bench: Bench, most: int = search.EVENTS) -> None:
    more = True
    while more:
        with bench.db.transaction():
            more = search.follow(bench.db, most)


def found(bench: Bench, typed: str, **more: object) -> list[int]:
    return [each.number for each in find(bench.db, Query(words=(typed,), **{"statuses": (), **more}))]


def alert(bench: Bench, number: int):
    return next(mail for mail in reversed(bench.sent()) if (mail.to, mail.ticket) == (ANN_ADDRESS, number))


def documents(bench: Bench) -> dict[int, set[str]]:
    return {row["ticket"]: {*row["words"].split()} for row in bench.db.all("SELECT * FROM document")}


@pytest.fixture
def three(bench: Bench) -> Bench:
    bench.send(KAREN, "The printer in hall 7 jams: müll, 100%.", subject="Printer")  # 1001
    bench.send(SOFIA, "東京のプリンターが動かない", subject="Our 'new' \\ portal")  # 1002
    bench.send(KAREN, "The portal shows error E-4711.", subject="Printers & portals")  # 1003
    bench.send(ANN, "#close\n\nIt needs a new roller.", answers=alert(bench, 1001))
    return bench


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("printer", [1003, 1001]),
        ("PRINT hall", [1001]),
        ("printers", [1003]),
        ("hall printers", []),
        ("roller", [1001]),
        ("muell", []),
        ("Mull", [1001]),
        ("100%", [1001]),
        ("プリンター", [1002]),
        ("京", [1002]),
        ("karen@client.example", [1003, 1001]),
        ("karen@client", [1003, 1001]),
        ("sofia", [1002]),
        ("#1002", [1002]),
        ("e-4711", [1003]),
        ("7", [1001]),
        ("'new' \\", [1002, 1001]),
        ('" & | ! ( *', []),
    ],
)
def test_words_are_found_in_number_subject_requester_and_texts(three, typed, numbers, indexed):
    if indexed:
        index(three)
    assert found(three, typed) == numbers


@pytest.mark.parametrize("latest", [1, 2, queries.LATEST])
def test_a_search_narrows_as_any_list_does(three, latest, monkeypatch):
    """However many of the latest tickets are looked into first."""
    monkeypatch.setattr(queries, "LATEST", latest)
    three.send(KAREN, "My printer, too.", subject="Late")  # 1004, the one that is not indexed
    for _ in range(2):
        assert found(three, "printer", statuses=("open", "pending")) == [1004, 1003]
        assert found(three, "printer", limit=2) == [1004, 1003]
        assert found(three, "printer", below=1003) == [1001]
        assert found(three, "printer", requesters=("sofia@client.example",)) == []
        batches = list(find_in_batches(three.db, Query(statuses=(), words=("printer",)), 1))
        assert [[each.number for each in batch] for batch in batches] == [[1004], [1003], [1001]]
        index(three)


def test_a_ticket_that_changed_is_found_as_it_is_now(three):
    """Also between the change and the next portion of the index."""
    index(three)
    three.send(KAREN, "Now it smokes.", subject="Re: [#1003]")
    three.send(ANN, "#subject Chimneys", answers=alert(three, 1003))
    assert found(three, "smokes") == found(three, "chimneys") == [1003]
    index(three)
    assert found(three, "smokes") == found(three, "chimneys") == found(three, "e-4711") == [1003]
    assert found(three, "portals") == []
    three.send(ANN, "#requester jim@other.example", answers=alert(three, 1003))
    index(three)
    assert found(three, "karen@client.example") == [1001]
    assert found(three, "jim@other.example") == [1003]


def test_a_message_that_is_split_off_takes_its_words_along(three):
    index(three)
    three.send(KAREN, "The elevator is stuck.", subject="Re: [#1003]")
    index(three)
    assert found(three, "elevator") == [1003]
    three.send(ANN, "#split", answers=alert(three, 1003))
    index(three)
    assert found(three, "elevator") == [1004]


def test_an_entry_adds_to_a_document_without_the_others_being_read(three, monkeypatch):
    index(three)
    three.db.run("UPDATE entry SET text = 'zanzibar' WHERE ticket = 1003")
    three.send(KAREN, "Now it smokes.", subject="Re: [#1003]")
    index(three)
    assert found(three, "smokes") == [1003]
    assert found(three, "zanzibar") == []


@pytest.mark.parametrize("most", [1, 2, 7])
def test_the_index_is_the_same_in_any_portions(three, most):
    three.send(KAREN, "Now it smokes.", subject="Re: [#1003]")
    index(three, most)
    in_portions = documents(three)
    assert sorted(in_portions) == [1001, 1002, 1003]
    with three.db.transaction():
        search.rewrite(three.db, [*in_portions])
    assert documents(three) == in_portions


def test_what_is_too_much_to_look_through_is_said(three, monkeypatch):
    assert search.unfinished(three.db) is None
    monkeypatch.setattr(search, "LATEST", 2)
    assert search.unfinished(three.db) == 0
    assert found(three, "printer") == [1003, 1001][: len(found(three, "printer"))]
    with three.db.transaction():
        assert search.follow(three.db, 1)
    assert 0 < (search.unfinished(three.db) or 0) < 50
    index(three)
    assert search.unfinished(three.db) is None
    assert search.progress(three.db).percent == 100
    assert not search.is_behind(three.db)


def test_an_empty_desk_has_its_index(bench):
    assert search.unfinished(bench.db) is None
    assert search.progress(bench.db).percent == 100
    assert found(bench, "printer") == []


# ── erasing ─────────────────────────────────────────────────────────────────────────────


def test_an_erased_ticket_is_found_no_more_and_the_next_one_is(three):
    index(three)
    with three.db.transaction():
        erase.erase(three.db, [1003])
    assert found(three, "printer") == [1001]
    three.send(KAREN, "The scanner.", subject="Scanner")
    assert found(three, "scanner") == [1004]
    index(three)
    assert found(three, "scanner") == [1004]
    assert sorted(documents(three)) == [1001, 1002, 1004]


@pytest.mark.sqlite
def test_words_of_erased_tickets_leave_the_index_once_a_day(three):
    def held() -> bool:
        """Whether the word of an erased ticket is in a page of the index."""
        rows = three.db.all("SELECT block FROM document_index_data")
        return any(b"roller" in row["block"] for row in rows)

    def purge() -> None:
        while True:
            with three.db.transaction():
                if not search.purge(three.db, three.now):
                    return

    index(three, most=3)
    assert held()
    purge()
    assert held(), "nothing was erased"
    with three.db.transaction():
        erase.erase(three.db, [1001])
    assert held()
    purge()
    assert not held()
    three.send(KAREN, "A roller, please.")
    index(three)
    with three.db.transaction():
        erase.erase(three.db, [1004])
    purge()
    assert held(), "it was done today"
    three.now += timedelta(days=1)
    purge()
    assert not held()
    assert found(three, "portal") == [1003, 1002]


def test_a_person_who_is_forgotten_leaves_no_word(three):
    three.send(ANN, "#note\nSofía Client says nothing new.", answers=alert(three, 1003))
    three.send(SOFIA, "Mine is a xylophone.", subject="Re: [#1003]")
    index(three)
    assert found(three, "sofia") == [1003, 1002] or found(three, "sofia") == [1004, 1003, 1002]
    with three.db.transaction():
        forget(three.db, "sofia@client.example")
    for word in ("sofia", "xylophone", "sofia@client.example"):
        assert found(three, word) == []
    assert not [words for words in documents(three).values() if any("sofia" in word for word in words)]
    assert found(three, "e-4711") == [1003]


# ── any conversation ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(3))
def test_the_index_follows_whatever_happens(bench, seed):
    """After random mails and commands, indexed at random times, each document is what it would be if made anew."""
    chance = random.Random(seed)
    words = ["printer", "portal", "Müller", "東京", "E-4711", "jim@other.example", "smoke"]
    commands = ["#close", "#subject New {}", "#requester {}@new.example", "#note\n\nAbout {}.", "#split", "#merge {n}"]
    for _ in range(40):
        numbers = [row[0] for row in bench.db.all("SELECT number FROM ticket")]
        word, number = chance.choice(words), chance.choice(numbers) if numbers else 0
        match chance.randrange(4):
            case 0:
                bench.send(f"k{chance.randrange(3)}@client.example", f"It is {word}.", subject=f"{word} again")
            case 1 if number:
                sender = bench.ticket(number).requester.email
                bench.send(sender, f"Also {word}, too.", subject=f"Re: [#{number}]")
            case 2 if number:
                line = chance.choice(commands).format(word.encode().hex()[:12], n=chance.choice(numbers))
                bench.send(ANN, line, answers=alert(bench, number))
            case _:
                with bench.db.transaction():
                    search.follow(bench.db, chance.randrange(1, 60))
    index(bench)
    followed = documents(bench)
    with bench.db.transaction():
        bench.db.run("DELETE FROM document")
        bench.db.run("DELETE FROM meta WHERE key = 'indexed_event'")
    index(bench)
    assert documents(bench) == followed
    for typed in ("print", "portal", "muller", "東", "4711", "jim@other.example", "smok new"):
        terms = terms_of(typed)
        assert found(bench, typed) == sorted(
            (number for number, known in followed.items() if search.match(terms, known)), reverse=True
        )
