"""Medians, spreads and percentiles of what was measured, and the table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """Several runs of one thing."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of some values, at least one."""
        return cls(median(values), min(values), max(values))

    def text(self, unit: str = "", digits: int = 0) -> str:
        """ "300 (280-320) /s" """
        return f"{self.median:.{digits}f}{unit} ({self.low:.{digits}f}-{self.high:.{digits}f})"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


@dataclass(frozen=True)
class Line:
    """A figure and the mark that it is held against; `good` is None where there is no mark."""

    what: str
    found: str
    mark: str = ""
    good: bool | None = None


def table(lines: Sequence[Line]) -> str:
    """The figures for a terminal."""
    wide = max(len(line.what) for line in lines)
    found = max(len(line.found) for line in lines)
    word = {True: "ok", False: "MISSED", None: ""}
    return "\n".join(
        f"{line.what:<{wide}}  {line.found:>{found}}  {line.mark:<12} {word[line.good]}".rstrip() for line in lines
    )


def as_json(lines: Sequence[Line]) -> list[dict[str, object]]:
    """The same for programs."""
    return [asdict(line) for line in lines]
