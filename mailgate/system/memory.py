"""Returns memory that a large mail needed to the operating system, as soon as it is freed (glibc's mallopt(3)).

By default glibc raises the size from which a block has pages of its own to that of the largest one that was ever freed,
and keeps a heap for each thread; after a mail of ten megabytes a process then keeps most of what reading it took, and
the next large mail, read by another thread, takes it again.
"""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of malloc.h
_LARGE = 128 * 1024  # bytes; the size with which glibc begins


def return_freed_memory() -> None:
    """Set it for this process, before it has threads. Does nothing where the C library is not glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_TRIM_THRESHOLD, _LARGE)
        mallopt(_M_ARENA_MAX, 1)
