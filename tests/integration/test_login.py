"""`mailgate login`: a person at a browser, at a terminal, and with a device code, against a real token server."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from mailgate.connect import person, web
from mailgate.connect.oauth2 import TokenRefused, TokenUnavailable
from mailgate.settings import Credentials, OAuth2, Secret
from tests.configs import completed
from tests.token_server import TokenServer
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with TokenServer() as server:
        yield server


@pytest.fixture
def file(server: TokenServer, tmp_path: Path) -> Path:
    oauth2 = (
        f'flow = "code", client_id = "app", token_url = "{server.url}/token", authorize_url = "{server.url}/authorize",'
        f' device_url = "{server.url}/device", client_secret = "{server.client_secret}"'
    )
    path = tmp_path / "config.toml"
    path.write_text(
        completed(
            f'[mailbox.support]\nhost = "127.0.0.1"\nuser = "support@bank.example"\noauth2 = {{ {oauth2} }}\n'
            '[mailbox.plain]\nhost = "127.0.0.1"\nuser = "second@bank.example"\npassword = "x"\n'
        )
    )
    return path


def login(file: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mailgate", "login", *words, "-c", str(file), "--json"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def page_of(process: subprocess.Popen[str]) -> tuple[str, dict[str, str]]:
    """The address of the sign-in page, and what is asked there."""
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"https?://\S+/authorize\S*", line):
            return found[0], {key: value[0] for key, value in parse_qs(urlsplit(found[0]).query).items()}
    raise AssertionError("no address was shown")


def stored(file: Path) -> dict[str, str]:
    return json.loads((file.parent / "var/sign-in/support.json").read_text())


def test_a_browser_brings_the_code_back(file: Path, server: TokenServer) -> None:
    with login(file, "support") as process:
        _, asked = page_of(process)
        assert asked["login_hint"] == "support@bank.example"
        redirect = asked["redirect_uri"].replace("localhost", "127.0.0.1")
        for stray in ("/favicon.ico", "/?code=forged&state=forged"):  # neither is an answer to this sign-in
            with urllib.request.urlopen(redirect + stray, timeout=PATIENCE) as page:
                assert b"no answer" in page.read()
        with urllib.request.urlopen(f"{redirect}/?code=code-1&state={asked['state']}", timeout=PATIENCE) as page:
            assert b"Signed in" in page.read()
        out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert json.loads(out) == {"ok": True, "account": "support"}
    assert stored(file)["refresh_token"] == "refresh-0"
    (form,) = server.grants("authorization_code")
    assert (form["redirect_uri"], form["code"]) == (asked["redirect_uri"], "code-1")


@pytest.mark.parametrize("end", ["\n", ""], ids=["line", "end-of-input"])
def test_the_address_can_be_pasted_back(file: Path, server: TokenServer, end: str) -> None:
    with login(file, "support") as process:
        _, asked = page_of(process)
        said = f"what?\n\n{asked['redirect_uri']}/?state={asked['state']}&code=code-1&session_state=x{end}"
        out, err = process.communicate(said, timeout=PATIENCE)
    assert json.loads(out)["ok"]
    assert stored(file)["client_id"] == "app"
    assert err.count("no answer to this sign-in") == 1, "for each line that is none; an empty one is no try"


def test_a_person_who_says_no_ends_it(file: Path) -> None:
    with login(file, "support") as process:
        _, asked = page_of(process)
        said = f"{asked['redirect_uri']}/?state={asked['state']}&error=access_denied&error_description=not%20me\n"
        out, err = process.communicate(said, timeout=PATIENCE)
    assert process.returncode == 1
    assert json.loads(out)["error"] == "the sign-in was refused: access_denied (not me)"
    assert "(not me)" in err
    assert not (file.parent / "var/sign-in/support.json").exists()


def test_a_wrong_code_is_refused(file: Path) -> None:
    with login(file, "support") as process:
        _, asked = page_of(process)
        process.communicate(f"{asked['redirect_uri']}/?state={asked['state']}&code=other\n", timeout=PATIENCE)
    assert process.returncode == 1


def test_a_device_code(file: Path, server: TokenServer) -> None:
    server.script = [None, (400, {"error": "authorization_pending"})]
    with login(file, "support", "--device") as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert f"Open {server.url}/enter on any device and type the code ABCD-EFGH" in err
    assert json.loads(out)["ok"]
    assert stored(file)["refresh_token"] == "refresh-0"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("suport",), 'no mailbox or relay "suport" signs in: did you mean "support"?'),
        (("plain",), "plain signs in by itself"),
    ],
)
def test_what_nobody_can_sign_in_to(words: tuple[str, ...], said: str, file: Path) -> None:
    with login(file, *words) as process:
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert said in err


# what takes too long to wait for


def credentials(server: TokenServer) -> Credentials:
    oauth2 = OAuth2(
        flow="code",
        client_id="app",
        token_url=f"{server.url}/token",
        authorize_url=f"{server.url}/authorize",
        device_url=f"{server.url}/device",
        client_secret=Secret(server.client_secret),
    )
    return Credentials(account="support", user="support@bank.example", oauth2=oauth2)


def test_a_device_that_nobody_confirms_is_given_up_and_slow_down_is_obeyed(
    server: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person, "PATIENCE", 60.0)
    server.script = [None, (400, {"error": "slow_down"}), *[(400, {"error": "authorization_pending"})] * 1000]
    waits: list[float] = []
    with pytest.raises(TokenUnavailable, match="nobody signed in"):
        person.by_device(credentials(server), lambda *_: None, web.post, waits.append)
    assert waits[:3] == [1.0, 6.0, 6.0]
    assert sum(waits) >= person.PATIENCE


def test_passing_trouble_of_the_token_server_does_not_end_it(
    server: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 8628 3.5: who types the code in may still do so. Trouble that stays is told."""
    server.script = [None, (503, b"<html>"), "close", (400, {"error": "authorization_pending"})]
    waits: list[float] = []
    assert person.by_device(credentials(server), lambda *_: None, web.post, waits.append).refresh_token
    assert waits == [1.0, 2.0, 4.0, 4.0]
    monkeypatch.setattr(person, "PATIENCE", 60.0)
    server.script = [None, *[(503, {"error": "server_error"})] * 1000]
    with pytest.raises(TokenUnavailable, match="server_error"):
        person.by_device(credentials(server), lambda *_: None, web.post, lambda _: None)


def test_a_device_that_is_refused_ends_it(server: TokenServer) -> None:
    server.script = [None, (400, {"error": "expired_token"})]
    with pytest.raises(TokenRefused):
        person.by_device(credentials(server), lambda *_: None, web.post, lambda _: None)


@pytest.mark.parametrize(
    "answer", [(200, {"device_code": "x"}), (200, {"device_code": 1, "user_code": "", "verification_uri": ""})]
)
def test_an_answer_without_a_device_code_is_trouble(answer: object, server: TokenServer) -> None:
    server.script = [answer]
    with pytest.raises(TokenUnavailable, match="no device code"):
        person.by_device(credentials(server), lambda *_: None, web.post, lambda _: None)


def test_nobody_comes(server: TokenServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person, "PATIENCE", 0.3)
    monkeypatch.setattr(person, "REQUEST_TIMEOUT", 0.1)
    shown: list[str] = []

    def silent(url: str) -> None:
        shown.append(url)
        port = urlsplit(parse_qs(urlsplit(url).query)["redirect_uri"][0]).port
        opened.append(socket.create_connection(("127.0.0.1", port)))

    opened: list[socket.socket] = []
    with pytest.raises(TokenUnavailable, match="nobody signed in"):
        person.by_code(credentials(server), silent, None, web.post)
    opened[0].close()
