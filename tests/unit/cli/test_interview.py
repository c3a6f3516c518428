"""The questions of `mailgate init`, with a scripted terminal: what is proposed, checked, asked again and kept."""

from __future__ import annotations

import json
import stat
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mailgate.cli.interview import Interview, Terminal, Trials, people
from mailgate.config.sample import starter
from mailgate.connect.providers import PROVIDERS, Provider
from mailgate.errors import BadArgument
from mailgate.probes.stage import Stage, State
from mailgate.settings import Config

GOOD = [Stage("relay", "sign-in", State.OK)]
BAD = [Stage("relay", "sign-in", State.FAILED, "login refused", "make an app password")]
LOCAL = ["support@bank.example", "", "", "", "Ann <ann@bank.example>", ""]


class Script:
    """A person with prepared answers; the end of them is the end of the terminal."""

    def __init__(self, answers: Iterable[str]) -> None:
        self._answers = iter(answers)
        self.lines: list[str] = []

    def ask(self, question: str) -> str:
        self.lines.append(question)
        try:
            return next(self._answers)
        except StopIteration:
            raise EOFError from None

    @property
    def terminal(self) -> Terminal:
        return Terminal(ask=self.ask, ask_secret=self.ask, say=self.lines.append)


def trials(
    provider: Provider | None = None,
    *,
    server: Callable[[Config], list[Stage]] = lambda _: GOOD,
    mailbox: Callable[[Config], list[Stage]] = lambda _: GOOD,
    relay: Callable[[Config], list[Stage]] = lambda _: GOOD,
    listener: Callable[[Config], list[Stage]] = lambda _: GOOD,
) -> Trials:
    return Trials(lambda _: provider, lambda: "Europe/Berlin", server, mailbox, relay, listener)


def ask(
    folder: Path, answers: Iterable[str], tried: Trials | None = None, given: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], list[str]]:
    """The configuration that the answers give, as TOML, and the lines on the terminal."""
    script = Script(answers)
    found = Interview(script.terminal, given or {}, folder, tried or trials()).run()
    return tomllib.loads(starter(found)), script.lines


def test_a_desk_behind_a_mail_server(tmp_path: Path) -> None:
    found, lines = ask(tmp_path, LOCAL)
    assert found["desk"] == {"name": "Help Desk", "timezone": "Europe/Berlin", "admin": "ann@bank.example"}
    assert found["smtp"] == {"listen": "127.0.0.1:8025"}
    assert found["relay"] == {"host": "127.0.0.1", "port": 25}
    assert any(line.endswith("[Europe/Berlin]: ") for line in lines)


def test_an_answer_is_checked_at_once_by_the_reader_of_the_configuration(tmp_path: Path) -> None:
    answers = ["support", "", "support@bank.example", "Desk", "127.0.0.1:99999", "nowhere", "127.0.0.1:2500"]
    found, lines = ask(tmp_path, [*answers, "host:x", "maildir", "nobody", "ann@bank.example", "Mars/Base", "UTC"])
    assert found["smtp"] == {"listen": "127.0.0.1:2500"}
    assert found["relay"]["transport"] == "maildir"
    text = "\n".join(lines)
    for problem in ("write it as support@bank.example", "an answer is needed", "99999", "no HOST:PORT", "Mars/Base"):
        assert problem in text


def test_the_provider_is_proposed_and_its_advice_is_shown(tmp_path: Path) -> None:
    answers = ["help@fast.example", "Desk", "", "", "an app password", "ann@fast.example", "UTC"]
    found, lines = ask(tmp_path, answers, trials(PROVIDERS["fastmail"]))
    assert found["mailbox"]["support"]["provider"] == "fastmail"
    assert found["mailbox"]["support"]["user"] == "help@fast.example"
    assert found["mailbox"]["support"]["password"] == {"file": "support.password"}
    assert found["relay"] == {"mailbox": "support"}
    secret = tmp_path / "support.password"
    assert (secret.read_text(), stat.S_IMODE(secret.stat().st_mode)) == ("an app password\n", 0o600)
    assert "Mail of fast.example is at Fastmail." in lines
    assert any("make an app password" in line for line in lines)


def test_a_refused_password_is_asked_for_again(tmp_path: Path) -> None:
    seen: list[str] = []

    def mailbox(config: Config) -> list[Stage]:
        seen.append(config.mailboxes["support"].credentials.password.value)
        return GOOD if seen[-1] == "right" else BAD

    answers = ["a@icloud.com", "Desk", "icloud", "", "", "wrong", "right", "ann@x.example", "UTC"]
    _, lines = ask(tmp_path, answers, trials(mailbox=mailbox))
    assert seen == ["wrong", "right"]
    assert any("make an app password" in line for line in lines)
    assert (tmp_path / "support.password").read_text() == "right\n"


def test_a_password_may_be_kept_though_it_is_refused(tmp_path: Path) -> None:
    answers = ["a@icloud.com", "Desk", "icloud", "", "wrong", "", "ann@x.example", "UTC"]
    ask(tmp_path, answers, trials(mailbox=lambda _: BAD))
    assert (tmp_path / "support.password").read_text() == "wrong\n"


def test_an_application_at_microsoft(tmp_path: Path) -> None:
    answers = ["a@bank.example", "Desk", "", "shared@bank.example", "", "", "the id", "the secret", "ann@x.example", ""]
    found, _ = ask(tmp_path, answers, trials(PROVIDERS["microsoft"]))
    assert found["mailbox"]["support"] == {
        "provider": "microsoft",
        "user": "shared@bank.example",
        "oauth2": {"tenant": "bank.example", "client_id": "the id", "client_secret": {"file": "support.client-secret"}},
        "existing": "skip",
    }


def test_a_person_at_microsoft_signs_in_later(tmp_path: Path) -> None:
    def untried(_: Config) -> list[Stage]:
        raise AssertionError("nobody has signed in yet")

    answers = ["a@bank.example", "Desk", "", "", "robot", "person", "", "the id", "ann@x.example", ""]
    found, lines = ask(tmp_path, answers, trials(PROVIDERS["microsoft"], mailbox=untried))
    expected = {"tenant": "bank.example", "client_id": "the id", "flow": "code"}
    assert found["mailbox"]["support"]["oauth2"] == expected
    text = "\n".join(lines)
    assert "with the redirect URI http://localhost" in text
    assert "AccessAsApp" not in text, "that is for an application that signs in by itself"


def test_at_a_domain_of_the_provider_itself_only_a_person_signs_in(tmp_path: Path) -> None:
    answers = ["Joe@Hotmail.com", "Desk", "", "", "application", "", "", "the id", "ann@x.example", ""]
    found, lines = ask(tmp_path, answers, trials(PROVIDERS["microsoft"]))
    assert found["mailbox"]["support"]["oauth2"] == {"tenant": "common", "client_id": "the id", "flow": "code"}
    assert any("hotmail.com has no administrator" in line for line in lines)


def test_google_takes_a_service_account_or_an_app_password(tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    key.write_text(json.dumps({"client_email": "x@y.example", "private_key": ""}))
    answers = ["a@bank.example", "Desk", "", "", str(tmp_path / "none"), str(key), "ann@x.example", ""]
    found, lines = ask(tmp_path, answers, trials(PROVIDERS["google"]))
    assert found["mailbox"]["support"]["oauth2"] == {"service_account": {"file": str(key)}}
    assert any("is no file" in line for line in lines)
    answers = ["a@bank.example", "Desk", "", "", "", "app password", "ann@x.example", ""]
    found, _ = ask(tmp_path / "other", answers, trials(PROVIDERS["google"], mailbox=lambda _: GOOD))
    assert found["mailbox"]["support"]["password"] == {"file": "support.password"}


def test_an_imap_account_sends_through_the_same_account(tmp_path: Path) -> None:
    answers = ["a@bank.example", "Desk", "a@bank.example@imap.bank.example:143", "pass", "", "ann@x.example", ""]
    found, _ = ask(tmp_path, answers)
    mailbox = found["mailbox"]["support"]
    assert (mailbox["host"], mailbox["port"], mailbox["tls"]) == ("imap.bank.example", 143, "starttls")
    assert found["relay"] == {"mailbox": "support", "host": "smtp.bank.example", "port": 587}


def test_the_server_of_an_account_is_tried_before_its_password_is_asked_for(tmp_path: Path) -> None:
    tried: list[str] = []

    def server(config: Config) -> list[Stage]:
        tried.append(config.mailboxes["support"].host)
        return GOOD if tried[-1] == "imap.own.example" else BAD

    answers = ["a@own.example", "Desk", "a@own.example", "a@own.example@mail.own.example"]
    answers += ["a@own.example@imap.own.example", "the password", "", "ann@x.example", ""]
    found, lines = ask(tmp_path, answers, trials(server=server))
    assert tried == ["mail.own.example", "imap.own.example"]
    assert found["mailbox"]["support"]["host"] == "imap.own.example"
    assert any("the server is missing" in line for line in lines), "the address alone names none"
    assert sum(line.startswith("Password of") for line in lines) == 1


def test_a_relay_that_fails_is_asked_for_again_until_it_is_given_twice(tmp_path: Path) -> None:
    answers = ["a@bank.example", "Desk", "", "one:25", "two:25", "", "ann@x.example", ""]
    found, lines = ask(tmp_path, answers, trials(relay=lambda _: BAD))
    assert found["relay"] == {"host": "two", "port": 25}
    assert lines.count("  Enter keeps it.") == 2


def test_what_was_typed_is_proposed_by_the_next_run(tmp_path: Path) -> None:
    script = Script([*LOCAL[:1], "The Desk", "127.0.0.1:2500"])
    interview = Interview(script.terminal, {}, tmp_path, trials())
    with pytest.raises(EOFError):
        interview.run()
    assert interview.kept is not None
    assert "password" not in interview.kept.read_text()
    found, _ = ask(tmp_path, ["", "", "", "", "ann@x.example", ""])
    assert found["desk"]["name"] == "The Desk"
    assert found["smtp"] == {"listen": "127.0.0.1:2500"}


def test_the_state_of_a_configuration_in_etc_is_elsewhere() -> None:
    given = {"address": "a@b.example", "agents": "ann@x.example"}
    found = tomllib.loads(starter(Interview(None, given, Path("/etc/mailgate"), trials()).run()))
    assert found["storage"]["database"] == "sqlite:////var/lib/mailgate/mailgate.db"
    assert found["storage"]["attachments"] == "/var/lib/mailgate/attachments"
    assert found["desk"]["secret"] == {"file": "/var/lib/mailgate/secret"}


def test_flags_are_not_asked_for(tmp_path: Path) -> None:
    given = {"address": "a@bank.example", "source": "127.0.0.1:25", "relay": "maildir", "agents": "ann@x.example"}
    found, lines = ask(tmp_path, ["Desk", ""], given=given)
    assert found["smtp"] == {"listen": "127.0.0.1:25"}
    assert len([line for line in lines if line.endswith("]: ")]) == 2


def test_flags_alone_give_a_provider_its_account(tmp_path: Path) -> None:
    given = {"address": "a@b.example", "source": "microsoft", "client-id": "the id", "agents": "ann@x.example"}
    found = tomllib.loads(starter(Interview(None, given, tmp_path, trials()).run()))
    secret = {"env": "SUPPORT_CLIENT_SECRET"}
    expected = {"tenant": "b.example", "client_id": "the id", "client_secret": secret}
    assert found["mailbox"]["support"]["oauth2"] == expected
    del given["client-id"]
    with pytest.raises(BadArgument, match="Client ID"):
        Interview(None, given, tmp_path, trials()).run()


def test_wrong_flags_are_errors(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="support"):
        Interview(None, {"address": "support"}, tmp_path, trials()).run()


def test_agents_have_keys_of_their_own() -> None:
    assert [each.key for each in people("Ann <ann@a.example>, 'B' <ann@b.example>,")] == ["ann", "ann-2"]
    for wrong in ("", "nobody"):
        with pytest.raises(ValueError, match=r"agent|write it as"):
            people(wrong)
