"""Secrets: read in every form, created once, never printed."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mailgate.config.dump import effective
from mailgate.config.load import load, read
from mailgate.config.secret import make_secret, read_secrets
from mailgate.errors import ConfigError
from mailgate.settings import Config, Secret
from mailgate.store.db import open_writer
from mailgate.worker.secrets import open_secrets
from tests.configs import completed

DATA = Path(__file__).parents[2] / "data"
LITERAL = "correct horse battery staple"


def config(folder: Path, desk: str = "", more: str = "", **environ: str) -> Config:
    file = folder / "config.toml"
    file.write_text(completed(f"[desk]\n{desk}\n{more}"))
    return load(file, environ)[0]


def test_the_default_secret_is_a_file_beside_the_config(tmp_path: Path) -> None:
    desk = config(tmp_path).desk
    assert desk.secret == (tmp_path / "var/secret",)
    assert desk.secret_file == tmp_path / "var/secret"
    assert not desk.secret_file.exists()  # loading creates nothing


def test_a_created_secret_is_long_random_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    desk = config(tmp_path).desk
    assert desk.secret_file is not None
    make_secret(desk.secret_file)
    assert stat.S_IMODE(desk.secret_file.stat().st_mode) == 0o600
    (secret,) = read_secrets(desk)
    assert len(secret) == 64
    make_secret(tmp_path / "other")
    assert (tmp_path / "other").read_bytes().strip() != secret


def test_a_secret_is_masked_in_str_and_repr() -> None:
    assert Secret("hunter2")
    assert not Secret()
    assert (str(Secret("hunter2")), str(Secret())) == ("*****", "")
    assert "hunter2" not in repr(Secret("hunter2"))


def test_a_secret_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("old")
    with pytest.raises(FileExistsError):
        make_secret(tmp_path / "secret")
    assert (tmp_path / "secret").read_text() == "old"


@pytest.mark.parametrize(
    ("written", "secrets"),
    [
        (f'"{LITERAL}"', (LITERAL,)),
        ('{ env = "KEY" }', ("from the environment",)),
        ('{ file = "key" }', ("from a file, here",)),
        (
            f'["{LITERAL}", {{ env = "KEY" }}, {{ file = "key" }}]',
            (LITERAL, "from the environment", "from a file, here"),
        ),
    ],
)
def test_every_form_of_a_secret(written: str, secrets: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file, here\n")
    desk = config(tmp_path, f"secret = {written}", KEY="from the environment").desk
    assert read_secrets(desk) == tuple(secret.encode() for secret in secrets)


def test_only_the_first_secret_may_be_created(tmp_path: Path) -> None:
    assert config(tmp_path, f'secret = ["{LITERAL}", {{ file = "old" }}]').desk.secret_file is None
    assert config(tmp_path, 'secret = [{ file = "new" }, { file = "old" }]').desk.secret_file == tmp_path / "new"


def test_a_missing_old_secret_is_not_created_at_start(tmp_path: Path) -> None:
    rotated = config(tmp_path, f'secret = ["{LITERAL}", {{ file = "mistyped" }}]')
    with closing(open_writer(tmp_path / "mailgate.db")) as db, db.transaction(), pytest.raises(ConfigError):
        open_secrets(db, rotated)
    assert not (tmp_path / "mistyped").exists()


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_missing_or_empty_secret_file_is_an_error_at_start(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "key").write_text(content)
    desk = config(tmp_path, 'secret = { file = "key" }').desk
    with pytest.raises(ConfigError, match=r"\[desk.secret\] .*key"):
        read_secrets(desk)


@pytest.mark.parametrize("written", ['""', "5", "[]", '{ env = "A", file = "b" }', '{ file = "" }', "{}"])
def test_a_secret_in_an_unknown_form_is_rejected(written: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\[desk.secret\]"):
        config(tmp_path, f"secret = {written}")


def test_a_short_secret_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(completed('[desk]\nadmin = "a@b.example"\nsecret = "letmein"\n'))
    (warning,) = load(file, {})[1]
    assert "guessed" in str(warning)
    assert "letmein" not in str(warning)


MAILBOX = '[mailbox.x]\nhost = "imap.bank.example"\nuser = "u"\npassword = {}\n'


@pytest.mark.parametrize("written", ['"hunter2"', '{ env = "PASSWORD" }', '{ file = "password" }'])
def test_every_form_of_a_password(written: str, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    mailbox = config(tmp_path, more=MAILBOX.format(written), PASSWORD="hunter2").mailboxes["x"]
    assert mailbox.credentials.password.value == "hunter2"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe"])
def test_an_empty_or_binary_password_file_is_rejected(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "password").write_bytes(content)
    with pytest.raises(ConfigError, match=r"\[mailbox.x.password\]"):
        config(tmp_path, more=MAILBOX.format('{ file = "password" }'))


@pytest.fixture
def etc() -> Iterator[Path]:
    """A folder that anybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, False), (0o604, True), (0o644, True)])
def test_a_secret_in_a_file_that_anybody_can_read_is_a_warning(etc: Path, mode: int, warned: bool) -> None:
    """Its group may be that of the daemon."""
    inside = completed(f'[desk]\nsecret = "{LITERAL}"\n{MAILBOX.format(chr(34) + "hunter2" + chr(34))}')
    (etc / "inside.toml").write_text(inside)
    (etc / "secret").write_text(LITERAL)
    (etc / "password").write_text("hunter2")
    shutil.copy(DATA / "localhost.pem", etc / "key.pem")
    beside = '{ file = "password" }'
    tls = '[smtp]\nlisten = "127.0.0.1:8025"\ntls = { cert = "key.pem", key = "key.pem" }\n'
    (etc / "beside.toml").write_text(
        completed(f'[desk]\nsecret = {{ file = "secret" }}\n{tls}{MAILBOX.format(beside)}')
    )
    for file in etc.iterdir():
        file.chmod(mode)
    assert told(etc / "inside.toml") == ["inside.toml", "inside.toml"] * warned
    assert told(etc / "beside.toml") == ["key.pem", "password", "secret"] * warned
    etc.chmod(0o750)
    assert told(etc / "beside.toml") == [], "nobody gets there"


def told(config: Path) -> list[str]:
    """The files of which a warning says that others can read them."""
    said = [str(each) for each in load(config, {})[1]]
    return sorted(
        each.partition(" is readable by others: ")[0].rpartition("/")[2] for each in said if "chmod o=" in each
    )


def test_secrets_are_never_printed(tmp_path: Path) -> None:
    """Neither in repr, nor in effective values, nor in the error messages of their configuration."""
    loaded = config(tmp_path, f'secret = "{LITERAL}"', MAILBOX.format('"hunter2"'))
    for shown in (repr(loaded), str(loaded), str(effective(loaded)), str(loaded.mailboxes["x"].credentials.password)):
        assert LITERAL not in shown
        assert "hunter2" not in shown
    text = completed(
        f'[desk]\nsecret = ["{LITERAL}", 5]\n{MAILBOX.format("hunter2")}'.replace("hunter2", '["hunter2"]')
    )
    _, reading = read(tmp_path / "config.toml", text, {})
    assert len(reading.problems) >= 2
    assert not any(LITERAL in str(problem) or "hunter2" in str(problem) for problem in reading.problems)
