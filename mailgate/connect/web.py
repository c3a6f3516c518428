"""One HTTP request to a token server or a webhook, blocking: for a thread of its own.

Follows no redirect, for what is posted to a token server is secret. The system's proxy settings are obeyed.
"""

from __future__ import annotations

import http.client
import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit

from mailgate.connect.oauth2 import TokenUnavailable
from mailgate.connect.tls import client_context, connection_words
from mailgate.errors import MailgateError

TIMEOUT = 30.0  # seconds for each step: connect, and each wait for bytes
LARGEST = 1_000_000  # bytes of an answer


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Answer with the redirect itself, which is no JSON."""
        return


def post(url: str, form: Mapping[str, str], ca: Path | None = None) -> tuple[int, bytes]:
    """Post a form; status and body, whatever the status is. Raises TokenUnavailable when there is no answer."""
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(url, urlencode(form).encode(), headers)  # noqa: S310 - https, checked with the config
    host = urlsplit(url).hostname or ""
    try:
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=client_context(ca)))
        with opener.open(request, timeout=TIMEOUT) as answer:
            return answer.status, answer.read(LARGEST)
    except HTTPError as error:
        with error:
            return error.code, _rest(error)
    except (OSError, ssl.SSLError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        cause = connection_words(reason, host) if isinstance(reason, BaseException) else str(reason)
        raise TokenUnavailable(f"the token server {host} cannot be reached", cause=cause) from None


def post_json(url: str, data: bytes) -> int:
    """Post a JSON object; the status. Raises MailgateError when there is no answer."""
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - checked with the config
    try:
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=client_context(None)))
        with opener.open(request, timeout=TIMEOUT) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
    except (OSError, ssl.SSLError, http.client.HTTPException) as error:
        host = urlsplit(url).hostname or ""
        reason = error.reason if isinstance(error, URLError) else error
        cause = connection_words(reason, host) if isinstance(reason, BaseException) else str(reason)
        raise MailgateError(f"the webhook at {host} cannot be reached", cause=cause) from None


def _rest(error: HTTPError) -> bytes:
    try:
        return error.read(LARGEST)
    except (OSError, http.client.HTTPException):
        return b""
