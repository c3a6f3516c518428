"""A program that the system lacks: tests that need it are skipped in clear words, and fail in CI."""

from __future__ import annotations

import pytest

from tests.programs import need


def test_a_missing_program_skips_and_says_which_package_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install the-package"):
        need("no-such-program", "the-package")


def test_in_ci_a_missing_program_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install the-package"):
        need("no-such-program", "the-package")


def test_a_program_beside_the_usual_path_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.programs._ALSO", "/bin")
    monkeypatch.setenv("PATH", "/nowhere")
    assert need("sh", "dash") == "/bin/sh"
