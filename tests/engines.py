"""The database engine of the desks of a test: SQLite, or a private server of PostgreSQL.

Tests run on SQLite, those marked `both` (and some folders of tests/unit) on both. With
MAILGATE_TEST_DATABASE=postgresql (`make postgresql`) all of them run on PostgreSQL, except for what is about the file
of SQLite, which is marked `sqlite`. tests/conftest.py does it, and a desk gets its database by `with_database`.
"""

from __future__ import annotations

import os
import re
from contextvars import ContextVar

import pytest

ALL_ON_POSTGRESQL = os.environ.get("MAILGATE_TEST_DATABASE") == "postgresql"
ON_POSTGRESQL = ContextVar("ON_POSTGRESQL", default=ALL_ON_POSTGRESQL)
SQLITE = "sqlite:///var/mailgate.db"


def with_database(config: str, url: str) -> str:
    """A configuration with another database, unless it names one that is not the usual file."""
    if SQLITE in config:
        return config.replace(SQLITE, url)
    if re.search(r"^database = ", config, re.MULTILINE):
        return config
    line = f'database = "{url}"\n'
    if "[storage]\n" in config:
        return config.replace("[storage]\n", f"[storage]\n{line}", 1)
    return f"{config}\n[storage]\n{line}"


def run_on_both(metafunc: pytest.Metafunc) -> None:
    """Run a test on both engines, unless all run on PostgreSQL, or it is about SQLite."""
    if not ALL_ON_POSTGRESQL and not metafunc.definition.get_closest_marker("sqlite"):
        metafunc.parametrize("on_postgresql", [False, True], ids=["sqlite", "postgresql"], indirect=True)
