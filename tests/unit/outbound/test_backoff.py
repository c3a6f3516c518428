"""The relay's answers and what becomes of the mail."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.outbound.backoff import (
    GIVE_UP,
    LONGEST_PAUSE,
    RELAY_LONGEST_PAUSE,
    Failed,
    Fault,
    RelayIll,
    Reply,
    RetryAt,
    SenderRefused,
    Sent,
    Stage,
    Streak,
    Throttled,
    after,
    judge,
    relay_pause,
)
from mailgate.outbound.status_codes import DEAD_ADDRESS

NEW = timedelta(0)
OLD = timedelta(days=5)
BEFORE_MAIL = [Stage.CONNECT, Stage.TLS, Stage.EHLO, Stage.LOGIN]


def verdict(stage, code, text="", age=NEW, streak=Streak(), **more):  # noqa: B008
    return judge(Reply(stage, code, text), more.pop("attempts", 1), age, 0.5, streak, **more)


def test_only_a_2xx_at_the_end_of_data_is_sent():
    for code in (200, 250, 299):
        assert verdict(Stage.DATA_END, code, "2.0.0 queued") == Sent()
    assert verdict(Stage.RCPT, 250) == RetryAt(timedelta(minutes=1))


@pytest.mark.parametrize("stage", [*BEFORE_MAIL, Stage.MAIL])
def test_5xx_before_a_recipient_is_named_means_the_relay_is_ill_and_the_admin_hears(stage):
    assert verdict(stage, 554, "5.7.1 no") == RelayIll(lasting=True)
    assert verdict(stage, 554, "5.7.1 no", age=OLD * 9) == RelayIll(lasting=True), "an outage fails no mail"


@pytest.mark.parametrize("stage", BEFORE_MAIL)
@pytest.mark.parametrize("code", [0, 421, 454])
def test_an_unreachable_relay_pauses_everything_and_the_admin_hears_when_it_lasts(stage, code):
    assert verdict(stage, code) == RelayIll(lasting=False)
    assert verdict(stage, code, age=OLD * 9) == RelayIll(lasting=False)


@pytest.mark.parametrize(("code", "permanent"), [(499, False), (500, True), (598, True), (600, False)])
def test_every_code_that_begins_with_five_is_for_good(code, permanent):
    """500 and 502 too, which is said by what stands in front of a relay."""
    assert Reply(Stage.RCPT, code).permanent is permanent


def test_too_big_or_not_ascii_at_mail_is_about_the_message():
    assert verdict(Stage.MAIL, 552) == Failed(Fault.MESSAGE)
    assert verdict(Stage.MAIL, 552, "5.3.4 too big") == Failed(Fault.MESSAGE)
    assert verdict(Stage.MAIL, 550, "5.6.7 SMTPUTF8 needed") == Failed(Fault.MESSAGE)
    assert verdict(Stage.MAIL, 552, "5.2.2 full") == RelayIll(lasting=True)


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT])
def test_a_relay_that_wants_a_login_is_ill(stage):
    assert verdict(stage, 530, "5.7.0 Authentication required") == RelayIll(lasting=True)
    assert verdict(stage, 530, "Must issue a STARTTLS command first") == RelayIll(lasting=True)


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DATA_END])
@pytest.mark.parametrize("code", [0, 421, 450, 451, 452, 999])
def test_temporary_answers_and_lost_connections_are_tried_again(stage, code):
    assert verdict(stage, code) == RetryAt(timedelta(minutes=1))


def test_temporary_trouble_is_given_up_after_five_days():
    assert isinstance(verdict(Stage.RCPT, 450, age=OLD - timedelta(seconds=1)), RetryAt)
    assert verdict(Stage.RCPT, 450, age=OLD) == Failed(Fault.EXPIRED)


def test_5xx_at_rcpt_is_the_recipient_and_after_it_the_message():
    assert verdict(Stage.RCPT, 550, "5.7.1 no") == Failed(Fault.RECIPIENT)
    assert verdict(Stage.DATA, 554) == Failed(Fault.MESSAGE)
    assert verdict(Stage.DATA_END, 554, "5.6.0 no") == Failed(Fault.MESSAGE)
    assert verdict(Stage.DATA_END, 550, "5.1.1 no") == Failed(Fault.MESSAGE), "a message does not make an address dead"


def test_our_own_word_is_judged_by_its_code_and_shown_without_it():
    ours = Reply(Stage.LOGIN, 535, "the token server refuses: 5.7.57", ours=True)
    assert (str(ours), ours.explained) == ("the token server refuses: 5.7.57 (at login)",) * 2
    assert judge(ours, 1, timedelta(), 0.5) == RelayIll(lasting=True)


def test_what_stops_all_mail_of_an_account_is_explained():
    full = Reply(Stage.DATA_END, 554, "5.2.2 full; STOREDRV.Submission")
    assert (
        full.explained
        == "the mailbox of the account that sends is full: 554 5.2.2 full; STOREDRV.Submission (at data-end)"
    )
    assert Reply(Stage.MAIL, 451, "later").explained == "451 later (at mail)"


def test_recipients_that_need_smtputf8_do_not_make_the_relay_ill():
    streak = Streak()
    refused = Reply(Stage.RCPT, 553, "5.6.7 the relay takes no addresses beyond ASCII")
    for name in "abcd":
        streak = streak.then(f"{name}ü@x.example", refused)
    assert not streak.means_ill


@pytest.mark.parametrize("code", sorted(DEAD_ADDRESS))
def test_dead_address_codes_mark_the_address_as_dead(code):
    assert verdict(Stage.RCPT, 550, f"{code} gone") == Failed(Fault.RECIPIENT, dead_address=True)


@pytest.mark.parametrize("text", ["5.2.2 full", "5.7.1 no", "5.1.8 bad sender", "User unknown", "5.1.11 x", "4.1.1 x"])
def test_no_other_code_marks_an_address_as_dead(text):
    assert verdict(Stage.RCPT, 550, text) == Failed(Fault.RECIPIENT, dead_address=False)


def refuse(*recipients, text="5.7.1 Relay access denied"):
    streak = Streak()
    for recipient in recipients:
        streak = streak.then(recipient, Reply(Stage.RCPT, 554, text))
    return streak


def test_three_recipients_in_a_row_with_the_same_refusal_mean_the_relay_is_ill():
    assert verdict(Stage.RCPT, 554, streak=refuse("a@x", "b@x")) == Failed(Fault.RECIPIENT)
    assert verdict(Stage.RCPT, 554, streak=refuse("a@x", "b@x", "c@y")) == RelayIll(lasting=True)


def test_recipients_of_one_domain_do_not_make_a_relay_ill_that_accepts_mail():
    one_domain = refuse("a@evil.example", "b@evil.example", "c@evil.example")
    assert verdict(Stage.RCPT, 554, streak=one_domain) == Failed(Fault.RECIPIENT)
    assert verdict(Stage.RCPT, 554, streak=one_domain, proven=False) == RelayIll(lasting=True)
    assert refuse('"a@x"@evil.example', '"b@y"@evil.example').of_one_domain


def test_one_recipient_refused_three_times_is_no_ill_relay():
    assert not refuse("a@x", "a@x", "b@x").means_ill


def test_three_dead_addresses_in_a_row_are_no_ill_relay():
    assert not refuse("a@x", "b@x", "c@x", text="5.1.1 User unknown").means_ill


@pytest.mark.parametrize(
    "reply",
    [Reply(Stage.DATA_END, 250), Reply(Stage.RCPT, 450), Reply(Stage.DATA_END, 451), Reply(Stage.RCPT, 550, "5.1.1 x")],
)
def test_a_streak_ends_with_another_answer(reply):
    assert refuse("a@x", "b@x").then("c@x", reply) == Streak()


def test_other_words_start_another_streak():
    assert refuse("a@x", "b@x").then("c@x", Reply(Stage.RCPT, 550, "5.7.9 z")).refused == ("c@x",)


def refuse_mails(*mails, text="5.7.0 Message rejected"):
    streak = Streak()
    for mail in mails:
        streak = streak.then("a@x", Reply(Stage.DATA_END, 554, text), mail)
    return streak


def test_three_mails_in_a_row_refused_alike_after_data_mean_the_relay_is_ill():
    assert verdict(Stage.DATA_END, 554, streak=refuse_mails("one", "two")) == Failed(Fault.MESSAGE)
    assert verdict(Stage.DATA_END, 554, streak=refuse_mails("one", "two", "three")) == RelayIll(lasting=True)


def test_copies_of_one_mail_are_one_in_the_streak():
    assert not refuse_mails("one", "one", "two").means_ill


def test_refused_recipients_and_refused_mails_are_two_streaks():
    at_rcpt = refuse("a@x", "b@x", text="5.7.0 Message rejected")
    assert at_rcpt.then("c@x", Reply(Stage.DATA_END, 554, "5.7.0 Message rejected"), "one").refused == ("one",)


def test_an_oversized_mail_belongs_to_no_streak():
    assert refuse_mails("one", "two").then("a@x", Reply(Stage.DATA_END, 552, "5.3.4 too big"), "three") == refuse_mails(
        "one", "two"
    )


def test_words_without_an_enhanced_code_are_compared_by_their_beginning():
    streak = Streak()
    for number in range(3):
        streak = streak.then(f"{number}@x", Reply(Stage.RCPT, 550, f"Relay access denied: {number}@x"))
    assert streak.means_ill


@pytest.mark.parametrize(
    ("said", "in_a_row"),
    [
        (("Bad recipient here", "No such recipient", "Unknown recipient here"), 1),
        (("Access denied: a", "access denied: A", "ACCESS DENIED: a"), 3),
    ],
)
def test_refusals_in_other_words_are_told_apart_and_capitals_are_none(said, in_a_row):
    streak = Streak()
    for number, words in enumerate(said):
        streak = streak.then(f"{number}@x", Reply(Stage.RCPT, 550, words))
    assert len(streak.refused) == in_a_row


def test_a_mail_that_is_too_large_is_given_up_also_while_the_relay_refuses_everything():
    ill = refuse_mails("one", "two", "three")
    assert verdict(Stage.DATA_END, 552, "5.3.4 too big", streak=ill) == Failed(Fault.MESSAGE)


@pytest.mark.parametrize("stage", [Stage.RCPT, Stage.DATA, Stage.DATA_END])
def test_a_relay_that_accepted_nothing_lately_is_asked_three_times(stage):
    assert verdict(stage, 550, "5.7.1 no", proven=False) == RetryAt(timedelta(minutes=1))
    assert verdict(stage, 550, "5.7.1 no", proven=False, attempts=2) == RetryAt(timedelta(minutes=2))
    assert isinstance(verdict(stage, 550, "5.7.1 no", proven=False, attempts=3), Failed)


def test_what_is_about_one_address_or_one_message_needs_no_proof():
    assert verdict(Stage.RCPT, 550, "5.1.1 gone", proven=False) == Failed(Fault.RECIPIENT, dead_address=True)
    assert verdict(Stage.DATA_END, 552, "5.3.4 too big", proven=False) == Failed(Fault.MESSAGE)


SEND_AS = "5.7.60 SMTP; Client does not have permissions to send as this sender"


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DATA_END])
def test_a_sender_that_the_account_may_not_use_waits_however_old_it_is(stage):
    assert verdict(stage, 550, SEND_AS) == SenderRefused(timedelta(minutes=1))
    assert verdict(stage, 550, SEND_AS, age=OLD * 9, attempts=50) == SenderRefused(LONGEST_PAUSE)


@pytest.mark.parametrize("stage", [*BEFORE_MAIL, Stage.MAIL])
def test_a_relay_that_asks_for_patience_before_a_mail_is_not_ill(stage):
    assert verdict(stage, 432, "4.3.2 Concurrent connections limit exceeded") == Throttled()


@pytest.mark.parametrize("stage", [Stage.RCPT, Stage.DATA_END])
def test_a_limit_named_later_in_the_dialogue_is_a_temporary_answer(stage):
    assert verdict(stage, 450, "4.2.1 rate limit") == RetryAt(timedelta(minutes=1))


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA_END])
def test_a_relay_whose_words_want_a_login_is_ill(stage):
    assert verdict(stage, 553, "5.7.1 Sender address rejected: not logged in") == RelayIll(lasting=True)


def test_an_account_that_is_full_is_an_ill_relay_and_no_failure():
    said = "5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException"
    assert verdict(Stage.DATA_END, 554, said) == RelayIll(lasting=True)
    assert verdict(Stage.RCPT, 552, said) == Failed(Fault.RECIPIENT), "that is the recipient's mailbox"


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA_END])
def test_an_account_that_has_sent_its_share_is_an_ill_relay_and_no_failure(stage):
    assert verdict(stage, 550, "5.4.5 Daily user sending limit exceeded.") == RelayIll(lasting=True)


@pytest.mark.parametrize("stage", [Stage.DATA, Stage.DATA_END])
def test_a_mailbox_that_is_full_after_data_may_be_the_senders(stage):
    assert [verdict(stage, 554, "5.2.2 mailbox full", attempts=tries) for tries in (1, 2, 3)] == [
        RetryAt(timedelta(minutes=1)),
        RetryAt(timedelta(minutes=2)),
        Failed(Fault.MESSAGE),
    ]
    assert verdict(Stage.RCPT, 554, "5.2.2 mailbox full") == Failed(Fault.RECIPIENT)


@pytest.mark.parametrize("stage", [*BEFORE_MAIL, Stage.MAIL])
def test_a_streak_outlives_a_broken_connection(stage):
    assert refuse("a@x", "b@x").then("c@x", Reply(stage, 421)) == refuse("a@x", "b@x")


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (550, "5.1.1 User unknown", "5.1.1"),
        (550, " 5.1.10", "5.1.10"),
        (550, "5.1.1 The account\n5.1.1 that you tried", "5.1.1"),
        (550, "4.1.1 classes must agree", ""),
        (550, "5.1.1.2 an address of something", ""),
        (550, "mailbox 5.1.1 gone", ""),
        (0, "", ""),
    ],
)
def test_enhanced_status_codes_are_read(code, text, expected):
    assert Reply(Stage.RCPT, code, text).enhanced == expected


def test_a_reply_reads_well():
    assert str(Reply(Stage.RCPT, 550, "5.1.1 gone")) == "550 5.1.1 gone (at rcpt)"
    assert str(Reply(Stage.RCPT, 550)) == "550 (at rcpt)"
    assert str(Reply(Stage.CONNECT, 0, "connection refused")) == "connection refused (at connect)"
    assert str(Reply(Stage.CONNECT, 0)) == "no answer (at connect)"


def test_an_answer_of_several_lines_reads_as_one():
    """As Gmail refuses: what counts is in the first line, and each repeats the code."""
    blocked = Reply(Stage.DATA_END, 550, "5.7.26 This mail has been blocked.\n5.7.26 See \n5.7.26\n5.7.26 help - gsmtp")
    assert str(blocked) == "550 5.7.26 This mail has been blocked. See help - gsmtp (at data-end)"
    assert str(Reply(Stage.MAIL, 451, "4.7.1 one\ntwo")) == "451 4.7.1 one two (at mail)"
    long = Reply(Stage.RCPT, 550, "\n".join(100 * ["5.1.1 " + 900 * "x"]))
    assert len(str(long)) < 1100
    assert str(long).endswith("x … (at rcpt)")


def test_pauses_double_from_a_minute_to_an_hour():
    minutes = [after(n, NEW, 0.5) / timedelta(minutes=1) for n in (1, 2, 3, 4, 5, 6, 7, 8, 10**6)]
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@given(st.integers(0, 10**9), st.floats(0, 1), st.timedeltas(NEW, GIVE_UP))
def test_pauses_stay_within_a_fifth_and_the_last_try_falls_at_the_end(attempts, jitter, age):
    pause = after(attempts, age, jitter)
    assert timedelta(seconds=48) <= pause <= LONGEST_PAUSE * 1.2
    assert age + pause <= GIVE_UP + timedelta(seconds=48)
    assert timedelta(seconds=4) <= relay_pause(attempts, jitter) <= RELAY_LONGEST_PAUSE * 1.2


@given(st.integers(1, 50), st.floats(0, 1))
def test_pauses_never_shrink(attempts, jitter):
    assert after(attempts + 1, NEW, jitter) >= after(attempts, NEW, jitter)
    assert relay_pause(attempts + 1, jitter) >= relay_pause(attempts, jitter)


def test_a_file_that_cannot_be_read_says_nothing_about_the_relay():
    reply = Reply(Stage.FILE, 0, "no such file")
    streak = Streak().then("a@x.example", Reply(Stage.RCPT, 550, "5.7.1 no"))
    assert streak.then("b@x.example", reply) == streak
    assert isinstance(judge(reply, 1, NEW, 0.5, streak), RetryAt)
    assert isinstance(judge(reply, 9, GIVE_UP, 0.5), Failed)


def test_the_pauses_of_a_relay_begin_with_seconds_and_double_to_minutes():
    seconds = [relay_pause(failures, 0.5).total_seconds() for failures in range(1, 9)]
    assert seconds == [5, 10, 20, 40, 80, 160, 300, 300]
