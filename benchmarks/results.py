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

    @classmethod
    def ratio(cls, ours: Sequence[float], theirs: Sequence[float]) -> Spread:
        """The spread of the ratios of two sides that were measured in turn."""
        return cls.of([one / other for one, other in zip(ours, theirs, strict=True)])

    def text(self, unit: str = "", digits: int = 0) -> str:
        """ "300 /s (280-320)" """
        middle = f"{self.median:.{digits}f}{unit}"
        return middle if self.low == self.high else f"{middle} ({self.low:.{digits}f}-{self.high:.{digits}f})"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


@dataclass(frozen=True)
class Line:
    """A result; `reached` is the part of its mark that was reached (1 and more is good), None without a mark."""

    label: str
    result: str
    mark: str = ""
    reached: float | None = None


def at_least(label: str, found: Spread, mark: float, digits: int = 2) -> Line:
    """A ratio that should not be lower."""
    return Line(label, found.text(digits=digits), f">= {mark:g}", found.median / mark)


def at_most(label: str, found: Spread, mark: float, unit: str, digits: int = 0) -> Line:
    """A figure that should not be higher."""
    return Line(label, found.text(f" {unit}", digits), f"<= {mark:g} {unit}", mark / max(found.median, 1e-9))


def table(lines: Sequence[Line]) -> str:
    """Format the results for a terminal."""
    label = max(len(line.label) for line in lines)
    result = max(len(line.result) for line in lines)
    return "\n".join(
        f"{line.label:<{label}}  {line.result:>{result}}  {line.mark:<11} {_verdict(line)}".rstrip() for line in lines
    )


def _verdict(line: Line) -> str:
    if line.reached is None:
        return ""
    return "reached" if line.reached >= 1 else f"MISSED ({line.reached:.0%})"


def as_json(lines: Sequence[Line]) -> list[dict[str, object]]:
    """The results as JSON."""
    return [asdict(line) for line in lines]
