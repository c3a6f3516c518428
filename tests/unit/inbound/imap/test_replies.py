"""Refusals of IMAP servers: what passes, how long it takes, and what somebody has to change."""

from __future__ import annotations

import pytest

from mailgate.inbound.imap.replies import Refusal, judge, plain


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        (
            "select failed: Request is throttled. Suggested Backoff Time: 299961 milliseconds",
            Refusal(
                "select failed: Request is throttled. Suggested Backoff Time: 299961 milliseconds",
                later=True,
                seconds=299.961,
            ),
        ),
        (
            "SELECT command error: BAD [b'User is authenticated but not connected.']",
            Refusal("SELECT command error: BAD User is authenticated but not connected.", not_connected=True),
        ),
        ("b'[AUTHENTICATIONFAILED] Invalid credentials'", Refusal("[AUTHENTICATIONFAILED] Invalid credentials")),
        ("[UNAVAILABLE] later", Refusal("[UNAVAILABLE] later", later=True)),
        ("[INUSE] later", Refusal("[INUSE] later", later=True)),
        (
            "[OVERQUOTA] Account exceeded command or bandwidth limits",
            Refusal("[OVERQUOTA] Account exceeded command or bandwidth limits", later=True),
        ),
        ("[OVERQUOTA] the mailbox is full", Refusal("[OVERQUOTA] the mailbox is full")),
        ("[LIMIT] too many flags", Refusal("[LIMIT] too many flags")),
        ("Too many simultaneous connections.", Refusal("Too many simultaneous connections.", later=True)),
        ("Mailbox doesn't exist: INBOX.Nope", Refusal("Mailbox doesn't exist: INBOX.Nope")),
        ("", Refusal("")),
    ],
)
def test_what_a_refusal_means(said: str, refusal: Refusal) -> None:
    assert judge(said) == refusal


@pytest.mark.parametrize("code", ["LIMIT", "SERVERBUG", "UNAVAILABLE", "INUSE"])
def test_a_login_may_be_refused_for_a_while(code: str) -> None:
    assert judge(f"[{code}] not now", login=True).later
    assert not judge("[AUTHENTICATIONFAILED] no", login=True).later


def test_nobody_is_kept_away_for_longer_than_an_hour() -> None:
    assert judge("Suggested Backoff Time: 999999999999 milliseconds").seconds == 3600


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("""[b"it's full"]""", "it's full"),
        (r"b'caf\xc3\xa9\r\n\x1b[31m'", "café [31m"),
        ("plain words", "plain words"),
        ("b'broken", "b'broken"),
    ],
)
def test_a_servers_words_are_shown_as_it_said_them(said: str, words: str) -> None:
    assert plain(said) == words
