"""A person signs in once, for `mailgate login`: with a code and PKCE, or with a device code.

The code comes back to a listener on loopback, or the address that the browser was led to is
pasted. Blocking: it waits for a person.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector

from mailgate.connect import oauth2
from mailgate.connect.access_tokens import Post
from mailgate.connect.oauth2 import Grant, TokenRefused, TokenUnavailable
from mailgate.settings import Credentials, OAuth2

PATIENCE = 900.0  # seconds for the whole sign-in
REQUEST_TIMEOUT = 5.0  # seconds in which a browser must send its request
LONGEST_HEAD = 16_384  # bytes of a browser's request
_INTERVAL = 5.0  # seconds between questions; RFC 8628 3.2, where the server says nothing
_PAGE = "<!doctype html><title>mailgate</title><p>{}</p>"


def by_code(
    credentials: Credentials,
    show: Callable[[str], None],
    stdin: int | None,
    post: Post,
    unfit: Callable[[], None] = lambda: None,
) -> Grant:
    """Show the address of the sign-in page, wait for the code, and change it for tokens (RFC 8252 7.3, RFC 7636).

    `stdin` is a descriptor from which a pasted address is read; `unfit` is called for each line there that is
    no answer to this sign-in. Raises TokenRefused or TokenUnavailable.
    """
    config = credentials.oauth2
    assert config is not None
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        redirect = f"http://localhost:{listener.getsockname()[1]}"
        show(oauth2.authorize_url(config, redirect, state, verifier, credentials.user))
        code = _wait(listener, stdin, state, unfit)
    form = oauth2.code_form(config, code, verifier, redirect)
    status, body = post(config.token_url, form, credentials.ca)
    return oauth2.read_grant(status, body, (config.client_secret,))


def _wait(listener: socket.socket, stdin: int | None, state: str, unfit: Callable[[], None]) -> str:
    """The code, from the browser or from the terminal, whichever comes first."""
    pasted = b""
    give_up = time.monotonic() + PATIENCE
    with DefaultSelector() as selector:
        selector.register(listener, EVENT_READ)
        if stdin is not None:
            selector.register(stdin, EVENT_READ)
        while (left := give_up - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                if key.fileobj is listener:
                    code = _from_browser(listener, state)
                else:
                    piece = os.read(key.fd, 4096)
                    pasted += piece or b"\n"  # the last line of a pipe may lack its end
                    if not piece:
                        selector.unregister(key.fileobj)
                    *lines, pasted = pasted.split(b"\n")
                    code = _from_terminal(lines, state, unfit)
                if code:
                    return code
    raise TokenUnavailable("nobody signed in within a quarter of an hour: run it again")


def _from_terminal(lines: list[bytes], state: str, unfit: Callable[[], None]) -> str | None:
    for line in lines:
        if code := oauth2.read_redirect(line.decode("utf-8", "replace"), state):
            return code
        if line.strip():
            unfit()
    return None


def _from_browser(listener: socket.socket, state: str) -> str | None:
    """The code in one request, which is answered with a word to the person."""
    with suppress(OSError):
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(REQUEST_TIMEOUT)
            head = b""
            while b"\r\n\r\n" not in head and len(head) < LONGEST_HEAD and (piece := connection.recv(4096)):
                head += piece
            words = head.split(b"\r\n", 1)[0].decode("utf-8", "replace").split(" ")
            path = words[1] if len(words) == 3 and words[0] == "GET" else ""
            try:
                code = oauth2.read_redirect(f"http://localhost{path}", state)
            except TokenRefused:
                _say(connection, "The sign-in was refused; the terminal says why.")
                raise
            _say(connection, "Signed in. You can close this page." if code else "This is no answer to the sign-in.")
            return code
    return None


def _say(connection: socket.socket, words: str) -> None:
    body = _PAGE.format(words).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    with suppress(OSError):
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)


def by_device(
    credentials: Credentials, show: Callable[[str, str], None], post: Post, sleep: Callable[[float], None] = time.sleep
) -> Grant:
    """Show an address and the code to type there, and ask until somebody did (RFC 8628). Raises as `by_code`."""
    config = credentials.oauth2
    assert config is not None
    status, body = post(config.device_url, oauth2.device_form(config), credentials.ca)
    found = oauth2.read_answer(status, body, (config.client_secret,))
    device, code = found.get("device_code"), found.get("user_code")
    page = found.get("verification_uri") or found.get("verification_url")
    if not (isinstance(device, str) and isinstance(code, str) and isinstance(page, str)):
        raise TokenUnavailable("the token server's answer holds no device code")
    show(page, code)
    return _poll(config, credentials, device, _seconds(found.get("interval"), _INTERVAL), post, sleep)


def _poll(
    config: OAuth2, credentials: Credentials, device: str, interval: float, post: Post, sleep: Callable[[float], None]
) -> Grant:
    waited = 0.0
    trouble: TokenUnavailable | None = None  # that lasts
    while waited < PATIENCE:
        sleep(interval)
        waited += interval
        try:
            status, body = post(config.token_url, oauth2.device_token_form(config, device), credentials.ca)
            return oauth2.read_grant(status, body, (config.client_secret,))
        except TokenUnavailable as error:
            trouble = None
            if error.error == "slow_down":
                interval += 5.0  # RFC 8628 3.5
            elif error.error != "authorization_pending":
                trouble, interval = error, interval * 2  # the same: the code is good still, when the server is back
    raise trouble or TokenUnavailable("nobody signed in within a quarter of an hour: run it again")


def _seconds(value: object, default: float) -> float:
    return float(value) if isinstance(value, int | float) and 0 < value < PATIENCE else default
