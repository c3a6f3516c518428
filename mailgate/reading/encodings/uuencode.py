"""Files that stand uuencoded inside a text, as old mail programs attach them.

A file is taken out only when every line of it is sound, from `begin` to `end`: a text
about uuencoding stays a text. Linear in its input; never raises.
"""

from __future__ import annotations

import re

from mailgate.reading.encodings import transfer

BEGIN = re.compile(r"^begin [0-7]{3,4} (\S.{0,250})$")
MAX_FILES = 100


def split(text: str) -> tuple[str, tuple[tuple[str, bytes], ...]]:
    """The text without its files, and the name and bytes of each."""
    if "begin " not in text:
        return text, ()
    lines = text.split("\n")
    kept: list[str] = []
    files: list[tuple[str, bytes]] = []
    place = 0
    while place < len(lines):
        begin = BEGIN.match(lines[place].rstrip()) if len(files) < MAX_FILES else None
        end = _end(lines, place + 1) if begin else 0
        if begin and end:
            block = "\n".join(lines[place : end + 1]).encode("latin-1", "replace")
            files.append((begin[1].strip(), transfer.uuencoded(block)))
            place = end + 1
        else:
            kept.append(lines[place])
            place += 1
    return "\n".join(kept), tuple(files)


def _end(lines: list[str], place: int) -> int:
    """Where the file that begins above `place` ends; 0 when it is none."""
    for at in range(place, len(lines)):
        line = lines[at]
        if line.rstrip() == "end":
            return at if at > place else 0
        if line.strip() and not _is_data(line):
            return 0
    return 0


def _is_data(line: str) -> bool:
    """True for a line whose first character counts the bytes in the others."""
    count = (ord(line[0]) - 32) & 63
    data = line.rstrip()
    enough = len(line) > (count * 8 + 5) // 6 or " " in data or not count  # blanks at the end are lost on the way
    # Some encoders add a check character.
    return enough and len(data) <= (count + 2) // 3 * 4 + 2 and all(" " <= c <= "`" for c in data)
