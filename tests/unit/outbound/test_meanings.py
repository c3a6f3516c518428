"""Refusals that name their reason, in the words of the servers that send them."""

import pytest

from mailgate.outbound.meanings import Meaning, about_sender, meaning


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "5.7.60 SMTP; Client does not have permissions to send as this sender"),
        (554, "5.2.252 SendAsDenied; support@bank.example not allowed to send as sales@bank.example"),
        (554, "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied"),
        (553, "5.7.1 <sales@bank.example>: Sender address rejected: not owned by user support@bank.example"),
        (554, "Message rejected: Email address is not verified."),
        (550, "5.7.1 You are not authorized to send from this address"),
        (551, "5.7.1 Not authorised to send from this header address"),
    ],
)
def test_the_account_may_not_send_as_this_address(code, text):
    assert meaning(code, text) is Meaning.SENDER


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (432, "4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending"),
        (432, ""),
        (421, "4.7.0 Too many concurrent SMTP connections; please try again later."),
        (421, "4.7.28 Our system has detected an unusual rate of mail"),
        (450, "4.2.1 The user is receiving mail at a rate that prevents additional messages"),
        (451, "4.7.1 You have exceeded your message rate"),
    ],
)
def test_the_relay_asks_for_fewer_connections_or_less_mail(code, text):
    assert meaning(code, text) is Meaning.THROTTLED


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (553, "5.7.1 <support@bank.example>: Sender address rejected: not logged in"),
        (530, "5.7.57 Client not authenticated to send mail"),
        (550, "Authentication required"),
    ],
)
def test_the_relay_wants_a_sign_in(code, text):
    assert meaning(code, text) is Meaning.LOGIN


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to"),
        (550, "5.4.5 Daily sending quota exceeded."),
        (554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; permanent exception"),
        (550, "Hourly sending limit reached"),
    ],
)
def test_the_account_has_sent_all_that_it_may(code, text):
    assert meaning(code, text) is Meaning.QUOTA


def test_the_mailbox_of_the_account_is_full():
    assert meaning(554, "5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceeded") is Meaning.OWN_MAILBOX
    assert meaning(552, "5.2.2 your mailbox\nis full") is Meaning.OWN_MAILBOX


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (250, "2.0.0 throttled, yet accepted"),
        (450, "4.7.60 Client does not have permissions to send as this sender"),
        (550, "5.7.1 Too many connections"),
        (552, "5.2.2 mailbox full"),
        (550, "5.4.5 Mail system congestion"),
        (550, "5.1.1 User unknown"),
        (451, "4.3.0 try again later"),
        (0, "no answer"),
    ],
)
def test_other_answers_mean_what_their_code_says(code, text):
    assert meaning(code, text) is None


@pytest.mark.parametrize(
    ("code", "text", "sender"),
    [
        (554, "5.7.1 <a@bank.example>: Relay access denied", True),
        (550, "5.7.1 Unable to relay", True),
        (550, "relay not permitted", True),
        (553, "5.7.1 <a@bank.example>: Sender address rejected: not owned by user b@bank.example", True),
        (553, "5.7.1 <a@bank.example>: Sender address rejected: not logged in", True),
        (550, "5.1.1 <a@bank.example>: Recipient address rejected: User unknown", False),
        (451, "4.7.1 Relay access denied, for now", False),
        (250, "2.1.5 Ok", False),
    ],
)
def test_a_refused_recipient_that_is_about_the_sender(code: int, text: str, sender: bool) -> None:
    assert about_sender(code, text) is sender
