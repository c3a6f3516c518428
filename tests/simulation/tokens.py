"""The token server (OAuth 2.0): for a refresh token it gives an access token, and perhaps another refresh token.

A request may find nobody, be answered with nonsense, or be carried out while its answer is lost. No time goes by in it.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Mapping
from datetime import timedelta

from mailgate.connect.oauth2 import Grant, TokenUnavailable
from mailgate.settings import Secret
from tests.simulation.life import LIFE

ACCESS_LIFE = 3600.0  # seconds
# What becomes of the refresh token when it is used: it stays; the next one replaces it once that is used; at once.
ROTATIONS = ("never", "overlapping", "strict")
AGAIN = (
    (503, b""),
    (200, b"<html>"),
    (429, b'{"error": "slow_down"}'),
    (400, b'{"error": "temporarily_unavailable"}'),
)


class TokenServer:
    """`trouble` is the share of requests that go wrong, `rotation` one of `ROTATIONS`."""

    def __init__(self, dice: random.Random, clock: Callable[[], float]) -> None:
        self.dice = dice
        self.rotation = dice.choice(ROTATIONS)
        self.trouble = 0.0
        self.down = False
        self.good: set[str] = set()  # refresh tokens
        self.newest = ""  # the refresh token that was given last
        self.excused = False  # whether the newest one may be lost to the desk: no answer came, or it could not be kept
        self.refused = 0  # the run of the desk whose latest request was refused; 0 for none
        self.at_answer: Callable[[], object] = lambda: None  # a grant is on its way
        self.lost: list[str] = []  # refresh tokens that the desk lost without any excuse
        self._ends: dict[str, float] = {}  # access token → when it ends
        self._clock = clock
        self._count = 0

    def accepts(self, message: bytes) -> bool:
        """Whether a message of XOAUTH2 holds an access token that is good now."""
        token = message.partition(b"Bearer ")[2].partition(b"\x01")[0].decode()
        return self._ends.get(token, 0.0) > self._clock()

    def revoke(self) -> None:
        """Nothing that was given until now is good any more: the password was changed."""
        self.good.clear()
        self._ends.clear()
        self.excused = True

    def signed_in(self) -> Grant:
        """What a person's sign-in gives."""
        self.good.clear()
        self.newest = self._new("refresh")
        self.good.add(self.newest)
        self.excused, self.refused = False, 0
        return Grant(Secret(self._access()), timedelta(seconds=ACCESS_LIFE), Secret(self.newest))

    def post(self, url: str, form: Mapping[str, str], ca: object = None) -> tuple[int, bytes]:
        """`mailgate.connect.web.post`."""
        life = LIFE.get()
        if life:
            life.require()
        if self.down:
            raise TokenUnavailable("the token server cannot be reached", cause="Connection refused")
        what = self.dice.choice(("down", "again", "lost")) if self.dice.random() < self.trouble else ""
        if what == "down":
            raise TokenUnavailable("the token server cannot be reached", cause="timed out")
        if what == "again":
            return self.dice.choice(AGAIN)
        status, answer = self._refreshed(form["refresh_token"])
        if what == "lost":
            self.excused = True
            raise TokenUnavailable("the token server cannot be reached", cause="timed out")
        self.refused = life.number if life and status != 200 else 0
        if status == 200:
            self.at_answer()
        return status, json.dumps(answer).encode()

    def _refreshed(self, token: str) -> tuple[int, dict[str, object]]:
        if token not in self.good:
            if not self.excused:
                self.lost.append(self.newest)
            return 400, {"error": "invalid_grant", "error_description": "it has been revoked"}
        found: dict[str, object] = {"access_token": self._access(), "expires_in": ACCESS_LIFE}
        if self.rotation != "never":
            self.newest = self._new("refresh")
            self.good = {self.newest} if self.rotation == "strict" else {token, self.newest}
            self.excused = False
            found["refresh_token"] = self.newest
        return 200, found

    def _access(self) -> str:
        token = self._new("access")
        self._ends[token] = self._clock() + ACCESS_LIFE
        return token

    def _new(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count}"


def refusal() -> str:
    """What a server says against a token before it refuses it (RFC 7628 3.2.2), in base64."""
    return base64.b64encode(b'{"status": "400", "schemes": "Bearer"}').decode()
