"""Sign-in to mailboxes and the relay: defaults of the providers, and the forms of `oauth2`."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from mailgate.config.dump import effective
from mailgate.config.load import load
from mailgate.errors import ConfigError
from mailgate.settings import Config
from tests.configs import REST, completed

PEM = (Path(__file__).parents[3] / "data/client.pem").read_text()
KEY = PEM[PEM.index("-----BEGIN PRIVATE KEY") :]


def config(folder: Path, text: str, **environ: str) -> Config:
    file = folder / "config.toml"
    file.write_text(completed(text))
    return load(file, environ)[0]


def oauth2(folder: Path, provider: str, table: str, **environ: str):
    text = f'[mailbox.support]\n{provider}\nuser = "support@bank.example"\noauth2 = {table}\n'
    found = config(folder, text, **environ).mailboxes["support"].credentials
    assert found.oauth2 is not None
    assert not found.password
    return found.oauth2


def test_a_provider_sets_the_servers(tmp_path: Path) -> None:
    text = '[mailbox.support]\nprovider = "fastmail"\nuser = "u@fastmail.com"\npassword = "p"\n'
    found = config(tmp_path, text + '[relay]\nmailbox = "support"\n')
    mailbox, relay = found.mailboxes["support"], found.relays[0]
    assert (mailbox.host, mailbox.port, mailbox.tls) == ("imap.fastmail.com", 993, "implicit")
    assert (relay.host, relay.port, relay.tls) == ("smtp.fastmail.com", 465, "implicit")
    assert relay.credentials == mailbox.credentials
    assert relay.credentials.account == "support"


def test_explicit_keys_override_those_of_the_provider(tmp_path: Path) -> None:
    more = 'host = "127.0.0.1"\nport = 1143\ntls = "none"\nuser = "u"\npassword = "p"\n'
    text = f'[mailbox.support]\nprovider = "fastmail"\n{more}'
    mailbox = config(tmp_path, text).mailboxes["support"]
    assert (mailbox.host, mailbox.port, mailbox.tls) == ("127.0.0.1", 1143, "none")


def test_microsoft_by_client_secret(tmp_path: Path) -> None:
    found = oauth2(
        tmp_path,
        'provider = "microsoft"',
        '{ tenant = "bank.example", client_id = "app", client_secret = { env = "S" } }',
        S="hunter2",
    )
    assert found.token_url == "https://login.microsoftonline.com/bank.example/oauth2/v2.0/token"
    assert (found.flow, found.scope) == ("client", "https://outlook.office365.com/.default")
    assert (found.client_id, found.client_secret.value, found.certificate) == ("app", "hunter2", "")


def test_microsoft_by_certificate(tmp_path: Path) -> None:
    (tmp_path / "app.pem").write_text(PEM)
    found = oauth2(
        tmp_path, 'provider = "microsoft"', '{ tenant = "t", client_id = "app", certificate = { file = "app.pem" } }'
    )
    assert not found.client_secret
    assert found.certificate.startswith("-----BEGIN CERTIFICATE")
    assert found.key.value.strip() == PEM.strip()


def test_microsoft_for_a_person(tmp_path: Path) -> None:
    found = oauth2(tmp_path, 'provider = "microsoft"', '{ client_id = "app", flow = "code" }')
    assert found.authorize_url == "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"
    assert found.device_url.endswith("/devicecode")
    assert "offline_access" in found.scope.split()
    assert found.unused_life == timedelta(days=90)


def test_google_by_service_account(tmp_path: Path) -> None:
    (tmp_path / "robot.json").write_text(
        json.dumps({"client_email": "robot@x.example", "private_key": KEY, "type": "service_account"})
    )
    found = oauth2(tmp_path, 'provider = "google"', '{ service_account = { file = "robot.json" } }')
    assert (found.flow, found.client_id, found.subject) == (
        "service-account",
        "robot@x.example",
        "support@bank.example",
    )
    assert (found.token_url, found.scope) == ("https://oauth2.googleapis.com/token", "https://mail.google.com/")


def test_google_for_a_person(tmp_path: Path) -> None:
    found = oauth2(tmp_path, 'provider = "google"', '{ client_id = "app", client_secret = "hunter2", flow = "code" }')
    assert found.authorize_url.endswith("?access_type=offline&prompt=consent")
    assert found.device_url == ""


def test_a_custom_token_server(tmp_path: Path) -> None:
    found = oauth2(
        tmp_path,
        'host = "imap.bank.example"',
        '{ token_url = "https://login.bank.example/token", scope = "mail", client_id = "app", client_secret = "s" }',
    )
    assert (found.token_url, found.scope) == ("https://login.bank.example/token", "mail")


def test_a_relay_has_an_account_of_its_own(tmp_path: Path) -> None:
    text = '[relay]\nhost = "smtp.bank.example"\nuser = "desk"\npassword = "hunter2"\n'
    relay = config(tmp_path, text).relays[0]
    assert (relay.port, relay.tls) == (587, "starttls")
    assert (relay.credentials.account, relay.credentials.user) == ("relay", "desk")
    assert config(tmp_path, text.replace("user", "port = 465\nuser")).relays[0].tls == "implicit"


def test_a_relay_without_credentials_does_not_sign_in(tmp_path: Path) -> None:
    relay = config(tmp_path, "[relay]\n").relays[0]
    assert (relay.host, relay.port, relay.tls, relay.credentials.user) == ("127.0.0.1", 25, "none", "")


def test_a_password_over_an_unencrypted_connection_is_an_error(tmp_path: Path) -> None:
    text = '[relay]\nhost = "smtp.bank.example"\nport = 25\nuser = "desk"\npassword = "hunter2"\n'
    with pytest.raises(ConfigError, match=r"\[relay.tls\] the password would be sent unencrypted"):
        config(tmp_path, text)
    here = text.replace("smtp.bank.example", "127.0.0.1") + 'tls = "none"\n'
    assert config(tmp_path, here).relays[0].tls == "none"


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "app.pem").write_text(PEM)
    canary = KEY.splitlines()[5]
    certified = '{ tenant = "t", client_id = "c", certificate = { file = "app.pem" } }'
    text = f'[mailbox.a]\nprovider = "microsoft"\nuser = "u"\noauth2 = {certified}\n'
    secret = '{ token_url = "https://t.example", client_id = "c", client_secret = "hunter2" }'
    text += f'[relay]\nhost = "h"\nuser = "u"\noauth2 = {secret}\n'
    found = config(tmp_path, text)
    for shown in (repr(found), str(effective(found))):
        assert "hunter2" not in shown
        assert canary not in shown


@pytest.mark.parametrize("secret", ['{ env = "UNSET" }', '{ file = "missing" }', '{ credential = "m365" }'])
def test_an_unavailable_password_is_no_problem_for_commands_that_do_not_sign_in(secret: str, tmp_path: Path) -> None:
    """Such as `status` outside of the systemd unit."""
    file = tmp_path / "config.toml"
    file.write_text(completed(f'[mailbox.a]\nhost = "h"\nuser = "u"\npassword = {secret}\n'))
    with pytest.raises(ConfigError, match=r"\[mailbox.a.password\]"):
        load(file, {})
    assert not load(file, {}, secrets=False)[0].mailboxes["a"].credentials.password


def test_a_credential_is_read_from_systemd(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials/m365").write_text("hunter2\n")
    text = '[mailbox.a]\nhost = "h"\nuser = "u"\npassword = { credential = "m365" }\n'
    found = config(tmp_path, text, CREDENTIALS_DIRECTORY=str(tmp_path / "credentials"))
    assert found.mailboxes["a"].credentials.password.value == "hunter2"


def test_the_signing_secret_is_always_required(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(completed(REST["desk"] + 'secret = { env = "UNSET" }\n'))
    with pytest.raises(ConfigError, match=r"\[desk.secret\]"):
        load(file, {}, secrets=False)
