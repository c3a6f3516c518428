"""[smtp] and [submission]: endpoints, certificates, networks."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from mailgate.config.dump import effective
from mailgate.config.load import load, read
from mailgate.errors import ConfigError
from mailgate.settings import Config, ServerTls
from mailgate.system.passwords import hash_password
from tests.configs import completed

CERTIFICATE = Path(__file__).parents[3] / "data/localhost.pem"
PAIR = f'{{ cert = "{CERTIFICATE}", key = "{CERTIFICATE}" }}'


def config(folder: Path, text: str) -> Config:
    file = folder / "config.toml"
    file.write_text(completed(text))
    return load(file, {})[0]


def test_a_listener_with_everything(tmp_path: Path) -> None:
    text = f'[smtp]\nlisten = "0.0.0.0:25"\ntls = {PAIR}\nproxy = ["10.0.0.0/8", "2001:db8::1"]\n'
    smtp = config(tmp_path, text).smtp
    assert smtp is not None
    assert (smtp.endpoint, smtp.protocol, smtp.submission) == ("0.0.0.0:25", "smtp", False)
    assert smtp.tls == ServerTls(CERTIFICATE, CERTIFICATE)
    assert smtp.proxy == (ip_network("10.0.0.0/8"), ip_network("2001:db8::1"))


def test_a_unix_socket_counts_from_the_config(tmp_path: Path) -> None:
    smtp = config(tmp_path, '[smtp]\nlisten = "unix:lmtp.sock"\nprotocol = "lmtp"\n').smtp
    assert smtp is not None
    assert smtp.path == tmp_path / "lmtp.sock"
    assert smtp.endpoint == f"unix:{tmp_path}/lmtp.sock"


def test_an_ipv6_endpoint_is_written_as_it_was(tmp_path: Path) -> None:
    smtp = config(tmp_path, '[smtp]\nlisten = "[::1]:8025"\n').smtp
    assert smtp is not None
    assert smtp.endpoint == "[::1]:8025"


def test_submission_has_the_certificate_of_smtp_unless_it_names_one(tmp_path: Path) -> None:
    found = config(
        tmp_path, f'[smtp]\ntls = {PAIR}\nmax_size = "1 MB"\n[submission]\nlisten = "0.0.0.0:587"\n'
    ).submission
    assert found is not None
    assert (found.submission, found.max_size) == (True, 1_000_000)
    assert found.tls == ServerTls(CERTIFICATE, CERTIFICATE)
    text = f'[smtp]\n[submission]\nlisten = "0.0.0.0:465"\ntls = {PAIR[:-2]}, implicit = true }}\n'
    found = config(tmp_path, text).submission
    assert found is not None
    assert found.tls == ServerTls(CERTIFICATE, CERTIFICATE, implicit=True)


def test_submission_without_tls_is_for_this_machine_and_said_so(tmp_path: Path) -> None:
    found = config(tmp_path, '[submission]\nlisten = "127.0.0.1:5870"\ntls = "none"\n').submission
    assert found is not None
    assert found.tls is None
    with pytest.raises(ConfigError, match="logins require TLS"):
        config(tmp_path, '[submission]\nlisten = "127.0.0.1:5870"\n')


def test_mail_from_other_machines_in_clear_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(completed('[smtp]\nlisten = "0.0.0.0:25"\n'))
    (warning,) = load(file, {})[1]
    assert "received unencrypted" in str(warning)


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    client = CERTIFICATE.with_name("client.pem")
    with pytest.raises(ConfigError, match=r"\[smtp.tls\] the certificate cannot be used"):
        config(tmp_path, f'[smtp]\ntls = {{ cert = "{CERTIFICATE}", key = "{client}" }}\n')


def test_a_socket_with_too_long_a_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too long for the path of a socket"):
        config(tmp_path, f'[smtp]\nlisten = "unix:{"x" * 120}"\n')


def test_an_agent_s_hash_is_kept_and_shown_to_nobody(tmp_path: Path) -> None:
    hashed = hash_password("x")
    found = config(tmp_path, f'[agent.kim]\nname = "Kim"\nemail = "kim@bank.example"\npassword = "{hashed}"\n')
    assert found.agents["kim"].password.value == hashed
    assert hashed not in repr(found) + str(effective(found))


def test_who_does_not_listen_needs_no_certificate(tmp_path: Path) -> None:
    """`status` of a user who may not read the key, say."""
    text = completed('[smtp]\ntls = { cert = "missing", key = "missing" }\n')
    _, reading = read(tmp_path / "config.toml", text, {}, secrets=False)
    assert reading.problems == []


@pytest.mark.parametrize(
    ("desk", "hostname"),
    [('hostname = "mail.bank.example"', "mail.bank.example"), ('domain = "bank.example"', None)],
)
def test_our_own_name_is_fully_qualified(desk: str, hostname: str | None, tmp_path: Path) -> None:
    found = config(tmp_path, f"[desk]\n{desk}\n")
    assert found.hostname == hostname or (hostname is None and "." in found.hostname)
