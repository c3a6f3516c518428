"""The wheel, installed into an empty environment, is complete: nothing is read from the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.programs import lacking
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command outside the checkout; returns its standard output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    environment |= {"UV_SYSTEM_CERTS": "1", "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run(
        [*map(str, command)],
        check=False,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the locked hatchling from a copy of the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    skip = shutil.ignore_patterns(".*", "var", "dist", "__pycache__", "tests", "benchmarks")
    shutil.copytree(ROOT, source, ignore=skip)
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist", cwd=source)
    (built,) = (folder / "dist").glob("mailgate-*.whl")
    return built


def test_templates_and_schema_ship_inside(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {f"mailgate/templates/{path.relative_to(ROOT / 'templates')}" for path in templates()}
    assert shipped <= names
    assert "mailgate/store/schema.sql" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]


def templates() -> list[Path]:
    return [path for path in (ROOT / "templates").rglob("*") if path.is_file() and "__pycache__" not in path.parts]


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel and the locked versions of its dependencies."""
    uv = shutil.which("uv", path=f"{ROOT}/.tools/bin{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        lacking("uv is not here: make test brings it")
    folder = tmp_path_factory.mktemp("empty")
    run(uv, "venv", "-q", "--no-project", "--python", sys.executable, folder / "venv", cwd=folder)
    python = folder / "venv/bin/python"
    install = (uv, "pip", "install", "-q", "--python", python)
    run(*install, "--require-hashes", "-r", ROOT / "requirements.lock", cwd=folder)
    run(*install, "--no-deps", wheel, cwd=folder)
    return folder


def test_the_wheel_installs_into_an_empty_environment(environment: Path) -> None:
    where = run(environment / "venv/bin/python", "-c", "import mailgate; print(mailgate.__file__)", cwd=environment)
    assert str(environment) in where


def test_the_installed_command_runs(environment: Path) -> None:
    assert "usage" in run(environment / "venv/bin/mailgate", "--help", cwd=environment).lower()
