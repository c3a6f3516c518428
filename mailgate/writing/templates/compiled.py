"""Compiled templates, kept for the life of the process.

A template's bytecode depends on its text alone, so a new renderer (a reload, one voice
more) need not compile again what did not change: that takes some 20 ms a template.
"""

from __future__ import annotations

from types import CodeType

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

_MOST = 2000  # templates kept: some fifty times what is shipped in one language


class Compiled(BytecodeCache):
    """Bytecode in memory, by where a template lies and the checksum of its text."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Put the known code into the bucket, if there is any."""
        bucket.code = self._known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[bucket.key, bucket.checksum] = bucket.code
