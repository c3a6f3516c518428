"""TLS as a client: contexts that verify, and what a failed handshake means in words.

Certificates are always verified, against the system's authorities and those of `ca`.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from pathlib import Path

# X509_V_ERR_… of OpenSSL's x509_vfy.h
_EXPIRED, _NOT_YET = 10, 9
_UNKNOWN_ISSUER = (2, 18, 19, 20, 21)
_WRONG_NAME = (62, 64)  # host name, IP address


def client_context(ca: Path | None) -> ssl.SSLContext:
    """What verifies a server. Raises OSError for a `ca` that cannot be read, or holds no certificate."""
    context = ssl.create_default_context()
    if ca is not None:
        context.load_verify_locations(ca)
    return context


def connection_words(error: BaseException, host: str) -> str:
    """Why there is no connection to `host`: one clause that an administrator understands."""
    match error:
        case ssl.SSLCertVerificationError():
            return certificate_words(error.verify_code, error.verify_message, host)
        case ssl.SSLError():
            said = (error.reason or str(error)).replace("_", " ").lower()
            hint = ": does the server speak TLS on this port?" if "wrong version number" in said else ""
            return f"TLS failed ({said}){hint}"
        case socket.gaierror():
            return f"the name {host} is not known ({error.strerror})"
        case TimeoutError():
            return "timed out"
        case OSError() if error.errno in _PLAIN:
            return _PLAIN[error.errno]
        case OSError() if error.errno:
            return os.strerror(error.errno).lower()
    return str(error) or type(error).__name__


_PLAIN = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "the connection was closed by the server",
    errno.EHOSTUNREACH: "no route to the server",
    errno.ENETUNREACH: "no route to the server",
}


def certificate_words(code: int, said: str, host: str) -> str:
    """Why a certificate is not trusted, and what would help; `code` and `said` are OpenSSL's."""
    what = f"the certificate of {host} is not trusted"
    if code in _UNKNOWN_ISSUER:
        return f"{what} (unknown issuer); for a private CA set `ca`"
    if code in _WRONG_NAME:
        return f"{what} (it is for another name): write the name that stands in it as host"
    if code == _EXPIRED:
        return f"{what} (it has expired)"
    if code == _NOT_YET:
        return f"{what} (it is not valid yet: is this machine's clock right?)"
    return f"{what} ({said})"
