"""Invalid configurations and the expected error messages: tests/cases/config/NN-name.toml and .error.

A case contains only what it tests. The sections of a minimal configuration that it lacks are
added, unless its text is not TOML or its first line is `# alone`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailgate.config.load import load
from mailgate.errors import ConfigError
from tests.configs import REST, completed

CASES = Path(__file__).parents[2] / "cases/config"


def messages(case: Path, folder: Path) -> str:
    """The error messages of loading the case, without the path of the folder."""
    config = folder / "config.toml"
    config.write_text(completed(case.read_text("utf-8")), "utf-8")
    with pytest.raises(ConfigError) as error:
        load(config, {})
    return "".join(f"{problem}\n" for problem in error.value.problems).replace(f"{folder}/", "")


def cases() -> list[Path]:
    return sorted(CASES.glob("*.toml"))


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.stem)
def test_an_invalid_config_has_the_expected_error_messages(case: Path, tmp_path: Path) -> None:
    assert messages(case, tmp_path) == case.with_suffix(".error").read_text("utf-8")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.stem)
def test_every_error_message_begins_with_file_and_line(case: Path) -> None:
    for line in case.with_suffix(".error").read_text("utf-8").splitlines():
        assert re.match(r"config\.toml(:\d+)?: ", line)


def test_the_minimal_config_is_valid(tmp_path: Path) -> None:
    """The errors above come from the cases, not from the sections added to them."""
    config = tmp_path / "config.toml"
    config.write_text("\n".join(REST.values()))
    assert load(config, {})[1] == ()


def test_every_case_has_an_error_file_and_vice_versa() -> None:
    assert len(cases()) >= 40
    assert {case.stem for case in cases()} == {case.stem for case in CASES.glob("*.error")}
