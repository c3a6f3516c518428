"""The lines of a page while it is read, of which a page that is built to hurt has few."""

from __future__ import annotations

from dataclasses import replace

from mailgate.reading.quotes.lines import MAX_LINES, Kind, Line

MOST_PICTURES = 100  # that are counted to one line
ABOVE = 5  # lines above a picture on a line of its own, among which are the words that it belongs to


class Rows:
    """The lines of a page: at most one empty line in a row, none at either end; what follows the 20,000th is few."""

    def __init__(self) -> None:
        self.first: list[Line] = []
        self._rest: list[tuple[Kind, list[str]]] = []  # lines of the same kind
        self._empty = True  # the last line

    def add(self, line: Line) -> None:
        """Add a line, unless it is a second empty one."""
        if not line.text and self._empty:
            return
        self._empty = not line.text
        if len(self.first) < MAX_LINES:
            self.first.append(line)
        elif self._rest and self._rest[-1][0] is line.kind:
            self._rest[-1][1].append(f"{line}")
        else:
            self._rest.append((line.kind, [f"{line}"]))

    def show_below(self, pictures: tuple[str, ...]) -> None:
        """Count pictures on a line of their own to the words above."""
        for place in range(len(self.first) - 1, max(-1, len(self.first) - 1 - ABOVE), -1) if pictures else ():
            line = self.first[place]
            if line.text:
                self.first[place] = replace(line, pictures=(*line.pictures, *pictures)[:MOST_PICTURES])
                return

    def all(self) -> list[Line]:
        """All of them, in order."""
        if self._rest and not self._rest[-1][1][-1]:
            self._rest[-1][1].pop()
        out = [*self.first, *(Line("\n".join(lines), 0, kind) for kind, lines in self._rest)]
        if out and not out[-1].text:
            out.pop()
        return out
