"""Claimed mails that wait for a connection of a relay."""

from __future__ import annotations

import asyncio
from collections import deque

from mailgate.store.queues.outbox import Job


class Waiting:
    """A queue with large mails apart, so that a connection can leave them to others. Lives on one loop."""

    def __init__(self) -> None:
        self._small: deque[Job] = deque()
        self._large: deque[Job] = deque()
        self._added = asyncio.Event()

    def __len__(self) -> int:
        return len(self._small) + len(self._large)

    def put(self, job: Job) -> None:
        """Add a job."""
        (self._large if job.large else self._small).append(job)
        self._added.set()

    async def get(self, *, large: bool) -> Job:
        """Wait for the next job, the oldest first; without `large`, for one that is not large."""
        queues = (self._small, self._large) if large else (self._small,)
        while not any(queues):
            self._added.clear()
            await self._added.wait()
        return min((queue for queue in queues if queue), key=lambda queue: queue[0].id).popleft()

    def clear(self) -> list[Job]:
        """Take out everything that waits."""
        jobs = [*self._small, *self._large]
        self._small.clear()
        self._large.clear()
        return jobs
