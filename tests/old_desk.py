"""A desk as a program of schema 3 left it, in `tests/data/schema-3.tar.xz`.

Six tickets (1004 merged into 1003, 1001 resolved, 1005 pending), files, a mail of 400 kB in a file, mail that is
held, set aside and not worked yet, two mails that wait for the relay. Its clock stopped at `LEFT_AT`.
"""

from __future__ import annotations

import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LEFT_AT = datetime(2026, 11, 20, 10, 58, 17, tzinfo=UTC)
# Debian's Python 3.11.2 has no filters yet; Python 3.12 wants one.
_FILTER: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
_PACKED = Path(__file__).with_name("data") / "schema-3.tar.xz"


def unpack(folder: Path) -> Path:
    """Put the desk into a folder; its database."""
    with tarfile.open(_PACKED) as packed:
        packed.extractall(folder, **_FILTER)
    return folder / "var" / "mailgate.db"
