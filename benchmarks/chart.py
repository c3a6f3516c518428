"""Draws how much of each mark is reached, as SVG for the documentation: readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from benchmarks.results import Line

_WIDTH, _LABEL, _BAR, _ROW, _TOP = 860, 370, 260, 22, 46
_MOST = 2.0  # times its mark that the longest bar shows
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.quiet { fill: #57606a }
.good { fill: #2da44e }
.missed { fill: #bf8700 }
.mark { stroke: #57606a; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .quiet { fill: #8d96a0 }
  .good { fill: #3fb950 }
  .missed { fill: #d29922 }
  .mark { stroke: #8d96a0 }
}
"""


def chart(lines: Sequence[Line], title: str) -> str:
    """A bar for each line with a mark; the dashed line is the mark."""
    marked = [line for line in lines if line.reached is not None]
    height = _TOP + _ROW * len(marked) + 10
    mark = _LABEL + _BAR / _MOST
    rows = "\n".join(_row(line, _TOP + _ROW * place) for place, line in enumerate(marked))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
<text x="8" y="18">{escape(title)}</text>
<text class="quiet" x="{mark:.0f}" y="{_TOP - 10}" text-anchor="middle">the mark</text>
{rows}
<line class="mark" x1="{mark:.0f}" x2="{mark:.0f}" y1="{_TOP - 6}" y2="{height - 8}"/>
</svg>
"""


def _row(line: Line, top: int) -> str:
    assert line.reached is not None
    width = max(min(line.reached, _MOST) / _MOST * _BAR, 1)
    kind = "good" if line.reached >= 1 else "missed"
    return (
        f'<text x="{_LABEL - 8}" y="{top + 13}" text-anchor="end">{escape(line.label)}</text>'
        f'<rect class="{kind}" x="{_LABEL}" y="{top + 2}" width="{width:.0f}" height="14" rx="2"/>'
        f'<text class="quiet" x="{_LABEL + _BAR + 8}" y="{top + 13}">{escape(line.result)}; {escape(line.mark)}</text>'
    )
