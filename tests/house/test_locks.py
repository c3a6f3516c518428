"""The lock files hold everything that pyproject.toml asks for, each with hashes, and name no index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def locked(name: str) -> dict[str, Version]:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return {found[1]: Version(found[2]) for line in lines if (found := re.match(r"([a-z0-9-]+)==(\S+)", line))}


EXTRA = PROJECT["project"]["optional-dependencies"]["postgresql"]
LOCKS = ["requirements.lock", "requirements-postgresql.lock", "requirements-dev.lock", "requirements-uv.txt"]


def group(name: str) -> list[str]:
    entries = PROJECT["dependency-groups"][name]
    return [
        text for entry in entries for text in (group(entry["include-group"]) if isinstance(entry, dict) else [entry])
    ]


@pytest.mark.parametrize(
    ("lock", "asked"),
    [
        (
            "requirements.lock",
            [*PROJECT["project"]["dependencies"], *group("build"), *PROJECT["build-system"]["requires"]],
        ),
        (
            "requirements-postgresql.lock",
            [*PROJECT["project"]["dependencies"], *EXTRA, *group("build"), *PROJECT["build-system"]["requires"]],
        ),
        ("requirements-dev.lock", [*PROJECT["project"]["dependencies"], *EXTRA, *group("dev")]),
    ],
)
def test_lock_agrees_with_the_project(lock: str, asked: list[str]) -> None:
    have = locked(lock)
    for text in asked:
        wanted = Requirement(text)
        assert wanted.name in have, f"{lock} lacks {wanted.name}: make lock"
        assert have[wanted.name] in wanted.specifier, f"{lock}: {wanted.name} {have[wanted.name]}: make lock"


def test_tests_run_what_is_shipped() -> None:
    """All locks hold the same versions, so that what was tested is what runs."""
    development = locked("requirements-dev.lock")
    with_postgresql = locked("requirements-postgresql.lock")
    assert locked("requirements.lock").items() <= with_postgresql.items() <= development.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_hashes_and_names_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert not re.search(r"https?:|file:|index-url|find-links", text)
    for block in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in block, block.splitlines()[0]
