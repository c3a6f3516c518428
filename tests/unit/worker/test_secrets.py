"""The secret of a desk: made with a new one, and no other is taken for it."""

from __future__ import annotations

from contextlib import closing

import pytest

from mailgate.config.load import load
from mailgate.errors import ConfigError
from mailgate.store.db import open_reader, open_writer
from mailgate.worker import secrets
from tests.desk import CONFIG, KAREN, Bench, to

OLD, NEW = '"a secret of more than sixteen characters"', '"quite another secret, and long"'


def opened(folder, *, new=False, text=CONFIG):
    """The secrets of a desk in a folder, as every start has them."""
    (folder / "config.toml").write_text(text)
    config, _ = load(folder / "config.toml")
    with closing(open_writer(config.storage.database)) as db:
        secrets.begin(db, config, new=new)
        with db.transaction():
            return secrets.open_secrets(db, config)


def test_the_secret_is_made_for_an_empty_database_and_must_not_change(tmp_path):
    first = opened(tmp_path)
    made = tmp_path / "var" / "secret"
    assert made.stat().st_mode & 0o777 == 0o600
    assert opened(tmp_path) == first
    made.write_text("another secret, long enough")
    with pytest.raises(ConfigError, match="is not the secret of this database"):
        opened(tmp_path)
    made.unlink()
    with pytest.raises(ConfigError, match="restore the old one"):
        opened(tmp_path, new=True)
    assert not made.exists(), "never made anew on a used database"


@pytest.mark.parametrize("written", ["", f"secret = {OLD}\n", f'secret = [{{ file = "new" }}, {OLD}]\n'])
def test_a_secret_beside_an_empty_database_begins_a_desk_only_on_demand(tmp_path, written):
    """The database was lost: its tickets' numbers are out there, signed with this secret."""
    text = CONFIG.replace("[desk]\n", f"[desk]\n{written}")
    (tmp_path / "var").mkdir()
    for name in ("new", "var/secret"):
        (tmp_path / name).write_text("a secret that was there before")
    with pytest.raises(ConfigError, match=r"exists, but the database .*mailgate.db is empty: .* mailgate run --new"):
        opened(tmp_path, text=text)
    with pytest.raises(ConfigError):
        opened(tmp_path, text=text)
    secrets = opened(tmp_path, new=True, text=text)
    assert opened(tmp_path, text=text) == secrets
    assert (tmp_path / "var" / "secret").read_text() == "a secret that was there before"


def test_a_start_that_was_killed_while_it_made_the_secret_goes_on(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)
    config, _ = load(tmp_path / "config.toml")
    with closing(open_writer(config.storage.database)) as db:
        secrets.begin(db, config)
    (tmp_path / "var" / "secret").write_text("made, and nothing written of it")
    assert opened(tmp_path) == (b"made, and nothing written of it",)


def test_check_warns_of_a_secret_that_was_there_first(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG.replace("[desk]\n", f"[desk]\nsecret = {OLD}\n"))
    config, _ = load(tmp_path / "config.toml")
    with closing(open_reader(config.storage.database)) as db:
        (problem,) = secrets.check_secrets(db, config)
    assert problem.warning
    assert "mailgate run --new" in problem.what
    (tmp_path / "config.toml").write_text(CONFIG)
    config, _ = load(tmp_path / "config.toml")
    with closing(open_reader(config.storage.database)) as db:
        assert secrets.check_secrets(db, config) == ()
    with closing(open_writer(config.storage.database)) as db:
        secrets.begin(db, config)
        assert secrets.check_secrets(db, config) == ()  # the daemon's next start makes it


def test_new_and_old_secrets_verify_both(tmp_path):
    bench = Bench(tmp_path)
    alert = to(bench.send(KAREN, "Help"), "elliot@bank.example")
    bench.configure(CONFIG.replace("[desk]\n", f"[desk]\nsecret = [{NEW}, {OLD}]\n"))
    bench.send("elliot@bank.example", "#claim", answers=alert)
    assert str(bench.ticket().assignee) == "agent:elliot"
    bench.configure(CONFIG.replace("[desk]\n", f"[desk]\nsecret = {NEW}\n"))


def test_a_dry_run_needs_no_secret(tmp_path):
    config = Bench(tmp_path).config
    assert secrets.peek_secrets(config) != (b"dry run",)
    (tmp_path / "var" / "secret").unlink()
    assert secrets.peek_secrets(config) == (b"dry run",)
