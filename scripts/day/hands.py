"""The clock of the day: moved on from scene to scene, for the desk and for who asks it something."""

from __future__ import annotations

import struct
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = "America/New_York"
MOVED = Path(__file__).parent / "moved"


class Hands:
    """Sets the clock of every process that has `environment`."""

    def __init__(self, folder: Path, start: str) -> None:
        self._file = folder / "clock"
        self._start = self.now = self.at(start)
        self._write()

    @staticmethod
    def at(text: str) -> datetime:
        """A moment in the desk's zone: "2026-11-17 08:05"."""
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE))

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to live by this clock."""
        return {"PYTHONPATH": f"{MOVED}:{MOVED.parents[2]}", "DAY_CLOCK": str(self._file), "TZ": ZONE}

    def move(self, text: str) -> None:
        """It is later now."""
        later = self.at(text)
        assert later >= self.now, f"{text} has been"
        self.now = later
        self._write()

    def _write(self) -> None:
        # Some seconds past the minute: what is due on the minute is due.
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            ahead = self.now.timestamp() + 2 - time.time()
            file.write(struct.pack("dd", ahead, (self.now - self._start).total_seconds()))
