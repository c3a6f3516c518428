"""Medians, spreads and percentiles of measurements, and the table of results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """The median and the range of several runs."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return cls(median(values), min(values), max(values))

    def text(self, unit: str = "", digits: int = 0) -> str:
        """ "300 (280-320) /s" """
        return f"{self.median:.{digits}f}{unit} ({self.low:.{digits}f}-{self.high:.{digits}f})"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


@dataclass(frozen=True)
class Line:
    """A result and its target; `good` is None without a target."""

    label: str
    result: str
    target: str = ""
    good: bool | None = None


def table(lines: Sequence[Line]) -> str:
    """Format the results for a terminal."""
    label = max(len(line.label) for line in lines)
    result = max(len(line.result) for line in lines)
    word = {True: "ok", False: "MISSED", None: ""}
    return "\n".join(
        f"{line.label:<{label}}  {line.result:>{result}}  {line.target:<12} {word[line.good]}".rstrip()
        for line in lines
    )


def as_json(lines: Sequence[Line]) -> list[dict[str, object]]:
    """The results as JSON."""
    return [asdict(line) for line in lines]
