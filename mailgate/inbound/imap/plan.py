"""What to do with the messages of an IMAP folder: the thinking, apart from any socket.

UIDs are ints, sizes bytes, times aware UTC. Nothing here talks to a server, reads a
clock or remembers anything between calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

BATCH_COUNT = 200  # messages fetched in one command
BATCH_BYTES = 8_000_000  # and their size together; a larger message is fetched alone
COMMAND_COUNT = 1_000  # messages moved or flagged in one command
COMMAND_BYTES = 7_000  # servers take command lines of 8,000 octets (RFC 2683 3.2.1.5)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one look at a folder asks for, in ascending order of UID."""

    take: tuple[int, ...]  # to fetch and accept
    finish: tuple[int, ...]  # accepted before, still in the folder: to move, flag or delete
    gone: tuple[int, ...]  # accepted before and no longer there: nothing left to do


def plan(present: Iterable[int], ledger: Mapping[int, str], aside: Iterable[int] = ()) -> Plan:
    """Compare a folder with the ledger; every message that the ledger does not know is taken.

    `ledger` maps UIDs to "skipped", "accepted" or "finished"; `aside` are messages that
    could not be fetched and wait for another try.
    """
    there = set(present)
    accepted = {uid for uid, state in ledger.items() if state == "accepted"}
    return Plan(
        take=tuple(sorted(there - ledger.keys() - set(aside))),
        finish=tuple(sorted(there & accepted)),
        gone=tuple(sorted(accepted - there)),
    )


def left_alone(dates: Mapping[int, datetime], existing: str | timedelta, now: datetime) -> tuple[int, ...]:
    """The messages that `existing` leaves alone at the first sight of a folder.

    `dates` maps UIDs to arrival times (INTERNALDATE). "skip" leaves all of them, "take"
    none, a duration those that are older.
    """
    if existing == "take":
        return ()
    if isinstance(existing, timedelta):
        oldest = now - existing
        return tuple(sorted(uid for uid, date in dates.items() if date < oldest))
    return tuple(sorted(dates))


def batches(
    uids: Iterable[int], sizes: Mapping[int, int], count: int = BATCH_COUNT, total: int = BATCH_BYTES
) -> Iterator[tuple[int, ...]]:
    """Split messages into groups that are fetched together: few commands, bounded memory."""
    group: list[int] = []
    weight = 0
    for uid in uids:
        size = sizes.get(uid, 0)
        if group and (len(group) == count or weight + size > total):
            yield tuple(group)
            group, weight = [], 0
        group.append(uid)
        weight += size
    if group:
        yield tuple(group)


def uid_sets(
    uids: Iterable[int], count: int = COMMAND_COUNT, length: int = COMMAND_BYTES
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """IMAP sequence sets ("1:4,9") for commands, each with the UIDs that it names.

    A set holds at most `count` messages and `length` characters; it names nothing else
    (RFC 3501 9, sequence-set).
    """
    text: list[str] = []
    named: list[int] = []
    used = 0
    for first, last in _runs(sorted(set(uids)), count):
        word = str(first) if first == last else f"{first}:{last}"
        size = last - first + 1
        if named and (len(named) + size > count or used + len(word) + 1 > length):
            yield ",".join(text), tuple(named)
            text, named, used = [], [], 0
        text.append(word)
        named.extend(range(first, last + 1))
        used += len(word) + 1
    if named:
        yield ",".join(text), tuple(named)


def _runs(uids: list[int], longest: int) -> Iterator[tuple[int, int]]:
    """Stretches of consecutive numbers, none longer than `longest`."""
    at = 0
    while at < len(uids):
        end = at
        while end + 1 < len(uids) and uids[end + 1] == uids[end] + 1 and end - at + 1 < longest:
            end += 1
        yield uids[at], uids[end]
        at = end + 1


def pause(failures: int, chance: float, *, first: float = 1.0, longest: float = 300.0) -> float:
    """Seconds to wait after so many failures in a row: doubling, with jitter, never below half.

    `chance` is a random number from 0 to 1, drawn by the caller.
    """
    whole = min(longest, first * 2.0 ** min(max(failures - 1, 0), 30))
    return whole * (0.5 + chance / 2)
