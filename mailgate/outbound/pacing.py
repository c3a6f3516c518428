"""How many mails a relay may be given in a minute. Pure: the time is an argument, in seconds of any clock."""

from __future__ import annotations

from collections import deque

WINDOW = 60.0  # seconds


class Pacer:
    """Counts mails in a sliding window; `limit` 0 is no limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._given: deque[float] = deque()

    def room(self, now: float, most: int) -> int:
        """How many mails may be given now, `most` at most."""
        if not self._limit:
            return most
        while self._given and now - self._given[0] >= WINDOW:
            self._given.popleft()
        return min(most, self._limit - len(self._given))

    def give(self, now: float) -> None:
        """One mail is given."""
        if self._limit:
            self._given.append(now)

    def take_back(self, count: int) -> None:
        """The last ones were not sent after all."""
        for _ in range(min(count, len(self._given))):
            self._given.pop()

    def wait(self, now: float) -> float:
        """Seconds until there is room for one more."""
        if self.room(now, 1) > 0:
            return 0.0
        return self._given[0] + WINDOW - now
