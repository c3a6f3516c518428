"""How many mails a relay may be given in a minute."""

import tracemalloc

from mailgate.outbound.pacing import Pacer


def given(pacer: Pacer, *times: float) -> Pacer:
    for at in times:
        pacer.give(at)
    return pacer


def test_without_a_limit_there_is_always_room():
    pacer = given(Pacer(0), *[1.0] * 1000)
    assert (pacer.room(1.0, 64), pacer.wait(1.0)) == (64, 0.0)
    pacer.take_back(3)


def test_without_a_limit_nothing_is_kept():
    pacer = Pacer(0)
    tracemalloc.start()
    given(pacer, *(float(n) for n in range(20_000)))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 50_000


def test_the_limit_holds_in_every_minute():
    pacer = given(Pacer(3), 10.0, 20.0, 30.0)
    assert (pacer.room(69.0, 64), pacer.wait(69.0)) == (0, 1.0)
    assert (pacer.room(70.0, 64), pacer.wait(70.0)) == (1, 0.0)
    assert pacer.room(90.0, 64) == 3
    assert pacer.room(90.0, 2) == 2


def test_what_was_not_sent_after_all_does_not_count():
    pacer = given(Pacer(3), 10.0, 20.0, 30.0)
    pacer.take_back(2)
    assert pacer.room(31.0, 64) == 2
    pacer.take_back(5)
    assert pacer.room(31.0, 64) == 3
