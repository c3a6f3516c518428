"""A small OAuth 2.0 token server on loopback, for tests: gives tokens, rotates, revokes, refuses, is slow or down.

It runs on threads of its own. What it gave is known by `alive`; Dovecot asks at /introspect.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.ports import reserved_port


class TokenServer:
    """`script` are answers to give instead, the first first: (status, body), "slow" or "close"."""

    def __init__(self, port: int = 0) -> None:
        self.port = port or reserved_port()  # the same after a restart
        self.alive: dict[str, str] = {}  # access token → the mailbox that it is for
        self.mailbox = "support@bank.example"
        self.client_secret = "client-secret-canary"
        self.refresh_tokens = {"refresh-0"}  # those that are good
        self.rotate = False  # a new refresh token each time
        self.strict = False  # and the old one is good no longer
        self.life: object = 3600
        self.extra: dict[str, object] = {}  # more keys of each grant
        self.script: list[object] = []
        self.asked: list[dict[str, str]] = []  # the forms that came
        self.refused: list[str] = []  # refresh tokens that were good no longer
        self.at_use: Callable[[str], object] = str  # called with each access token that a server asks about
        self.answered = threading.Event()  # after each answer to a form
        self._count = 0
        self._server: ThreadingHTTPServer | None = None

    # ── running it ──────────────────────────────────────────────────────────────────────

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # ── what a test does to it ──────────────────────────────────────────────────────────

    def revoke(self) -> None:
        """No access token that was given until now is good any more."""
        self.alive.clear()

    def grants(self, kind: str = "") -> list[dict[str, str]]:
        """The forms that asked for a token."""
        return [form for form in self.asked if form.get("grant_type", "").endswith(kind)]

    # ── what it answers ─────────────────────────────────────────────────────────────────

    def answer(self, path: str, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        if path == "/introspect":
            token = form.get("token", "")
            self.at_use(token)
            owner = self.alive.get(token)
            return 200, {"active": owner is not None, "username": owner or "", "scope": "mail"}
        if path == "/device":
            found = {"device_code": "device-1", "user_code": "ABCD-EFGH", "interval": 1, "expires_in": 60}
            return 200, found | {"verification_uri": f"{self.url}/enter"}
        kind = form.get("grant_type", "")
        if kind == "refresh_token":
            return self._refreshed(form["refresh_token"])
        if kind == "authorization_code" and form.get("code") != "code-1":
            return 400, {"error": "invalid_grant", "error_description": "the code is not good"}
        if kind == "client_credentials" and form.get("client_secret", self.client_secret) != self.client_secret:
            return 401, {"error": "invalid_client", "error_description": f"wrong secret {form['client_secret']}"}
        more = {"refresh_token": "refresh-0"} if kind.endswith(("authorization_code", "device_code")) else {}
        return 200, self._grant(**more)

    def _refreshed(self, token: str) -> tuple[int, dict[str, Any]]:
        if token not in self.refresh_tokens:
            self.refused.append(token)
            return 400, {"error": "invalid_grant", "error_description": f"{token} has been revoked"}
        if not self.rotate:
            return 200, self._grant()
        new = f"refresh-{self._count + 1}"
        self.refresh_tokens = {new} if self.strict else {token, new}  # the one before last is good no longer
        return 200, self._grant(refresh_token=new)

    def _grant(self, **more: object) -> dict[str, Any]:
        self._count += 1
        token = f"access-{self._count}"
        self.alive[token] = self.mailbox
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.life, **self.extra, **more}


def claims_of(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT; its signature is not looked at."""
    first, second, _ = assertion.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (first, second))


def _handler(server: TokenServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            path = urlsplit(self.path).path
            form = {key: values[0] for key, values in parse_qs(body).items()}
            if path != "/introspect":
                server.asked.append(form)
            instead = server.script.pop(0) if server.script and path != "/introspect" else None
            if instead == "close":
                self.close_connection = True
                return
            if instead == "slow":
                with suppress(OSError):
                    self.rfile.read(1)  # until the client has had enough
                self.close_connection = True
                return
            status, found = instead if isinstance(instead, tuple) else server.answer(path, form)
            raw = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            if status == 302:
                self.send_header("Location", f"{server.url}/elsewhere")
            self.end_headers()
            self.wfile.write(raw)
            server.answered.set()

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
