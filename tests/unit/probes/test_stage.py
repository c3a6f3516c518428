"""The table of steps."""

from mailgate.probes.stage import Stage, State, failed, table

STAGES = (
    Stage("mailbox support", "tcp", State.OK, "port 993"),
    Stage("mailbox support", "sign-in", State.FAILED, "login refused", "make an app password\nthen try again"),
    Stage("relay", "tcp", State.WARNING),
)


def test_columns_are_aligned_and_what_to_do_stands_below() -> None:
    assert table(STAGES) == [
        "mailbox support  tcp      ok       port 993",
        "                 sign-in  FAILED   login refused",
        "                                   → make an app password",
        "                                   then try again",
        "relay            tcp      warning",
    ]


def test_nothing_is_no_lines() -> None:
    assert table(()) == []


def test_a_warning_is_no_failure() -> None:
    assert failed(STAGES)
    assert not failed(STAGES[2:])
