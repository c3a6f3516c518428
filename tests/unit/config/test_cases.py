"""Broken configs, each with the lines that it must die with: tests/cases/config/NN-name.toml and .error.

A case holds only what it is about. Sections of the smallest config that it does not
mention are added below it, unless its text is no TOML or its first line is `# alone`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailgate.config.load import load
from mailgate.errors import ConfigError
from tests.configs import REST, completed

CASES = Path(__file__).parents[2] / "cases/config"


def said(case: Path, folder: Path) -> str:
    """What loading the case says, without the folder it lies in."""
    config = folder / "config.toml"
    config.write_text(completed(case.read_text("utf-8")), "utf-8")
    with pytest.raises(ConfigError) as error:
        load(config, {})
    return "".join(f"{problem}\n" for problem in error.value.problems).replace(f"{folder}/", "")


def cases() -> list[Path]:
    return sorted(CASES.glob("*.toml"))


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.stem)
def test_a_broken_config_says_what_is_wrong_where_and_what_would_be_right(case: Path, tmp_path: Path) -> None:
    assert said(case, tmp_path) == case.with_suffix(".error").read_text("utf-8")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.stem)
def test_every_error_line_names_the_file_and_its_place(case: Path) -> None:
    for line in case.with_suffix(".error").read_text("utf-8").splitlines():
        assert re.match(r"config\.toml(:\d+)?: ", line)


def test_the_smallest_config_alone_is_sound(tmp_path: Path) -> None:
    """The cases above die of their own fault, not of the sections added to them."""
    config = tmp_path / "config.toml"
    config.write_text("\n".join(REST.values()))
    assert load(config, {})[1] == ()


def test_there_are_many_cases_and_none_without_its_error() -> None:
    assert len(cases()) >= 40
    assert {case.stem for case in cases()} == {case.stem for case in CASES.glob("*.error")}
