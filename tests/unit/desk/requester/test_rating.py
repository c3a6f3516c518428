"""How did we do? Links in the resolved notice, and what becomes of the mails that they open."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.ticket.rating import RATINGS, Rating, read_rating
from mailgate.ticket import Actor, EventKind
from tests.desk import ANN, CONFIG, ELLIOT, KAREN, Bench, Sent, to, told

JANE = "Jane <jane@client.example>"
KEY = "n.7j.c5vpxdcotgxaz2.o4yklg63rzqgy5b6hb3poklvti"


def links(mail: Sent) -> dict[str, str]:
    """The rating links of a mail, by their word."""
    found = re.findall(r'href="(mailto:[^"]+)"[^>]*>(\w+)<', mail.part("html"))
    return {label.lower(): unescape(href) for href, label in found}


def tap(bench: Bench, href: str, sender: str = KAREN, words: str = "", **more: object) -> list[Sent]:
    """Send the mail that a link opens, with words typed below what it is filled with."""
    parts = urlsplit(href)
    filled = parse_qs(parts.query)
    body = filled["body"][0].replace("\r\n", "\n")
    first, _, rest = body.partition("\n\n")
    text = f"{first}\n\n{words}\n{rest}"
    return bench.send(sender, text, to=unquote(parts.path), subject=filled["subject"][0], **more)


def resolved(bench: Bench, text: str = "#resolved\n\nFixed.") -> Sent:
    alerts = {mail.to: mail for mail in bench.send(KAREN, "It does not open.", cc=JANE)}
    mails = bench.send(ELLIOT, text, answers=alerts["elliot@bank.example"])
    return to(mails, "karen@client.example")


# ── where the links stand ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ["#resolved\n\nFixed.", "#resolved"])
def test_the_notice_of_a_resolved_ticket_asks_with_three_links_and_in_words(bench, text):
    mail = resolved(bench, text)
    assert tuple(links(mail)) == RATINGS
    assert mail.part("html").count("mailto:") == len(RATINGS)
    assert "mailto:" not in mail.text, "two hundred characters each"
    assert "Answer this mail with #good, #okay or #bad on its first line" in " ".join(mail.text.split())


@pytest.mark.parametrize("word", RATINGS)
def test_who_reads_text_alone_rates_by_hand(bench, word):
    mail = resolved(bench, "#resolved")
    bench.send(KAREN, f"#{word}\n\nIt was quick.", answers=mail)
    assert bench.ticket().satisfaction == word
    assert bench.ticket().status == "resolved"


def test_only_the_requester_is_asked(bench):
    alerts = {mail.to: mail for mail in bench.send(KAREN, "It does not open.", cc=JANE)}
    mails = bench.send(ELLIOT, "#resolved\n\nFixed.", answers=alerts["elliot@bank.example"])
    assert not links(to(mails, "jane@client.example"))


@pytest.mark.parametrize("text", ["We look into it.", "#closed", "#closed\n\nBye.", "#quiet\n#resolved\n\nFixed."])
def test_nothing_else_asks(tmp_path, text):
    bench = Bench(tmp_path, CONFIG + '[notices]\nstatus_changes = ["resolved", "closed"]\n')
    alerts = {mail.to: mail for mail in bench.send(KAREN, "It does not open.")}
    mails = bench.send(ELLIOT, text, answers=alerts["elliot@bank.example"])
    assert "mailto:" not in to(mails, "karen@client.example").everything
    bench.db.close()


def test_nobody_is_asked_where_the_desk_does_not_want_to_know(tmp_path):
    bench = Bench(tmp_path, CONFIG + "[notices]\nsatisfaction = false\n")
    assert not links(resolved(bench))
    bench.db.close()


# ── what becomes of them ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("plus", ["true", "false"])
@pytest.mark.parametrize("word", RATINGS)
def test_a_tap_is_recorded_and_reopens_nothing(tmp_path, word, plus):
    bench = Bench(tmp_path, CONFIG.replace("plus = true", f"plus = {plus}"))
    mails = tap(bench, links(resolved(bench))[word])
    assert bench.ticket().satisfaction == word
    assert bench.ticket().status == "resolved"
    event = bench.events()[-1]
    assert (event.kind, event.by, event.before, event.after) == (
        EventKind.RATED,
        Actor.requester("karen@client.example"),
        None,
        word,
    )
    assert [kind for kind, _ in bench.thread()] == ["message", "reply"]
    assert told(mails) == ({("new-message", "elliot@bank.example")} if word == "bad" else set())
    assert bench.last()["ticket"] == 1001
    bench.db.close()


@pytest.mark.parametrize("plus", ["true", "false"])
def test_words_are_kept_and_reach_the_agent_whatever_the_rating(tmp_path, plus):
    bench = Bench(tmp_path, CONFIG.replace("plus = true", f"plus = {plus}"))
    mails = tap(bench, links(resolved(bench))["good"], words="Thank you!\nCould you also call Jane?")
    assert bench.thread()[-1] == ("message", "Thank you!\nCould you also call Jane?")
    alert = to(mails, "elliot@bank.example")
    assert alert.kind == "new-message"
    assert "rated the help as good" in alert.text
    assert "Could you also call Jane?" in alert.text
    assert bench.ticket().status == "resolved"
    bench.db.close()


def test_a_file_without_words_reaches_the_agent_like_words(bench):
    href = links(resolved(bench))["good"]
    alert = to(tap(bench, href, files=(("screen.txt", "text/plain", b"x"),)), "elliot@bank.example")
    assert [part.get_filename() for part in alert.message.walk() if part.get_filename()] == ["screen.txt"]
    assert (bench.ticket().satisfaction, bench.ticket().status) == ("good", "resolved")


def test_a_picture_in_a_signature_is_no_words(bench):
    logo = (("logo.png", "image/png", b"x", "logo"),)
    href = links(resolved(bench))["good"]
    assert tap(bench, href, html='<p>#good</p><p>Karen Client<br><img src="cid:logo"></p>', pictures=logo) == []
    assert bench.ticket().satisfaction == "good"


def test_who_writes_from_two_addresses_rates_from_both(tmp_path):
    people = 'people = { "karen@client.example" = ["karen@home.example"] }\n'
    bench = Bench(tmp_path, f'{CONFIG}[customer.Client]\ndomains = ["client.example"]\n{people}')
    asked = links(resolved(bench))
    for sender, word in (("karen@home.example", "okay"), (KAREN, "good")):
        tap(bench, asked[word], sender)
        assert bench.ticket().satisfaction == word


def test_an_agent_answers_a_bad_rating_in_public(bench):
    alert = to(tap(bench, links(resolved(bench))["bad"]), "elliot@bank.example")
    mails = bench.send(ELLIOT, "I am sorry. What went wrong?", answers=alert)
    assert to(mails, "karen@client.example").kind == "reply"


def test_the_last_rating_counts_and_the_same_again_is_nothing(bench):
    asked = links(resolved(bench))
    for word in ("bad", "good", "good"):
        tap(bench, asked[word])
    assert bench.ticket().satisfaction == "good"
    rated = [(event.before, event.after) for event in bench.events() if event.kind is EventKind.RATED]
    assert rated == [(None, "bad"), ("bad", "good")]


def test_a_rating_may_change_within_the_time_for_reopening_and_not_later(bench):
    asked = links(resolved(bench))
    bench.now += timedelta(days=29)
    tap(bench, asked["okay"])
    assert bench.ticket().satisfaction == "okay"
    bench.now += timedelta(days=2)
    assert tap(bench, asked["bad"]) == []
    assert (bench.ticket().satisfaction, bench.numbers()) == ("okay", [1001])
    assert (bench.last()["ticket"], bench.last()["reason"]) == (1001, "too-old-to-reopen")


def test_what_is_said_too_late_is_a_message_and_opens_a_linked_ticket(bench):
    asked = links(resolved(bench))
    bench.now += timedelta(days=31)
    tap(bench, asked["bad"], words="It is broken again.")
    assert bench.numbers() == [1001, 1002]
    assert bench.ticket(1002).links == (1001,)


def test_on_a_ticket_opened_again_the_words_wait_for_an_answer_and_the_rating_counts(bench):
    asked = links(resolved(bench))
    bench.send(KAREN, "Still broken.", subject="[#1001] Portal is down")
    bench.send(ELLIOT, "#pending\n\nWhat do you see?", subject="[#1001] Portal is down", answers=bench.sent()[1])
    tap(bench, asked["bad"], words="It says 500.")
    assert (bench.ticket().satisfaction, bench.ticket().status) == ("bad", "open")
    assert bench.ticket().waiting_since == bench.now


# ── whose word is believed ──────────────────────────────────────────────────────────────


def test_somebody_elses_tap_is_no_rating(bench):
    asked = links(resolved(bench))
    for sender in (JANE, "Mallory <mallory@evil.example>"):
        tap(bench, asked["bad"], sender=sender)
    assert bench.ticket().satisfaction == ""
    assert EventKind.RATED not in {event.kind for event in bench.events()}


def test_without_our_key_the_word_is_text(bench):
    resolved(bench)
    bench.send(KAREN, "#bad\n\nReally.", subject="[#1001] Portal is down")
    assert bench.ticket().satisfaction == ""
    assert bench.thread()[-1] == ("message", "#bad\n\nReally.")


def test_a_key_that_was_tampered_with_proves_nothing(bench):
    href = links(resolved(bench))["bad"]
    tap(bench, href.replace(".c5", ".d5") if ".c5" in href else href.replace("+kn.", "+kn.a"))
    assert bench.ticket().satisfaction == ""


def test_before_anything_was_resolved_there_is_nothing_to_rate(bench):
    mails = bench.send(KAREN, "It does not open.")
    bench.send(KAREN, "#bad\n\nNobody answers!", answers=to(mails, "karen@client.example"))
    assert bench.ticket().satisfaction == ""
    assert bench.thread()[-1][1] == "#bad\n\nNobody answers!"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"Precedence": "bulk", "Authentication-Results": "mx.bank.example; dmarc=pass header.from=client.example"},
    ],
)
def test_a_machine_rates_nothing(bench, headers):
    tap(bench, links(resolved(bench))["good"], headers=headers, authserv_ids=("mx.bank.example",))
    assert bench.ticket().satisfaction == ""


def test_mail_that_failed_dmarc_rates_nothing(bench):
    results = {"Authentication-Results": "mx.bank.example; dmarc=fail header.from=client.example"}
    tap(bench, links(resolved(bench))["good"], headers=results, authserv_ids=("mx.bank.example",))
    assert bench.ticket().satisfaction == ""


def test_an_agent_who_is_the_customer_rates_like_any_other(bench):
    alerts = {mail.to: mail for mail in bench.send(ANN, "My own phone is broken.")}
    mails = bench.send(ELLIOT, "#resolved\n\nFixed.", answers=alerts["elliot@bank.example"])
    tap(bench, links(to(mails, "ann@bank.example"))["good"], sender=ANN)
    assert bench.ticket().satisfaction == "good"
    assert bench.ticket().status == "resolved"


def test_words_on_the_line_of_the_rating_reopen_nothing(bench):
    bench.send(KAREN, "#good Thank you.", answers=resolved(bench))
    assert (bench.ticket().satisfaction, bench.ticket().status) == ("good", "resolved")
    assert bench.thread()[-1] == ("message", "Thank you.")


# ── reading ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("#bad", Rating("bad")),
        (f"#good\n\n\nRef: {KEY}", Rating("good")),
        (f"Words above.\n*#Okay.*\n\nand below\nRef: {KEY}\n", Rating("okay", "Words above.\n\nand below")),
        ("#good\n\nSent from my iPhone", Rating("good")),
        ("#good\n\n-- \nKaren\nFirst Floor", Rating("good")),
        ("#good\n#bad", Rating("good", "#bad")),
        ("#good!", Rating("good")),
        (f"#Good, thank you both :-)\nReally.\nRef: {KEY}", Rating("good", "thank you both :-)\nReally.")),
        ("#bad Very slow\n#good", Rating("bad", "Very slow\n#good")),
        ("Hello\n#good thank you", None),
        ("It was #good", None),
        ("#goods", None),
        ("", None),
    ],
)
def test_a_rating_is_a_line_of_its_own_or_begins_the_mail_and_all_else_are_words(text, rating):
    assert read_rating(text.split("\n")) == rating


@given(st.text(max_size=200), st.sampled_from(RATINGS))
def test_no_words_hide_a_rating_and_none_break_the_reader(words, word):
    found = read_rating([*words.split("\n"), f"#{word}"])
    assert found
    assert found.word in RATINGS


def test_a_word_on_a_resolved_ticket_is_told_without_a_due_time(bench):
    mail = resolved(bench)
    mails = bench.send(KAREN, "#good\n\nThank you both!", answers=mail)
    text = to(mails, "elliot@bank.example").text
    assert "Karen Client rated the help as good." in text
    assert "\nresolved | Normal priority" in text
