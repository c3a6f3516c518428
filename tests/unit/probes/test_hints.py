"""What to do about failed steps, by what the servers of large hosts say."""

from __future__ import annotations

import re

import pytest

from mailgate.probes import hints
from mailgate.probes.hints import Failure, hint

USER = "support@bank.example"


def failure(provider: str, protocol: str, step: str, said: str, sign_in: str = "password") -> Failure:
    return Failure(
        provider=provider,
        protocol=protocol,
        step=step,
        said=said,
        sign_in=sign_in,
        user=USER,
        address="sales@bank.example",
        client_id="1b2c",
        account="support",
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            failure("microsoft", "smtp", "sign-in", "535 5.7.139 Authentication unsuccessful", "client"),
            "Set-CASMailbox -Identity support@bank.example -SmtpClientAuthenticationDisabled $false",
        ),
        (
            failure("microsoft", "smtp", "sign-in", "535 5.7.3 Authentication unsuccessful", "client"),
            "Application SMTP.SendAsApp",
        ),
        (
            failure("microsoft", "imap", "sign-in", "login refused: AUTHENTICATE failed.", "client"),
            "New-ServicePrincipal -AppId 1b2c -ObjectId OBJECT_ID",
        ),
        (
            failure("microsoft", "imap", "folder", "signed in, but not connected to the mailbox", "client"),
            "Add-MailboxPermission -Identity support@bank.example -User OBJECT_ID -AccessRights FullAccess",
        ),
        (
            failure("microsoft", "imap", "sign-in", "signed in, but not connected to the mailbox", "code"),
            "is that the person who signed in",
        ),
        (
            failure("microsoft", "smtp", "sender", "550 5.7.60 Client does not have permissions", "client"),
            "Add-RecipientPermission -Identity sales@bank.example -Trustee support@bank.example",
        ),
        (failure("microsoft", "imap", "token", "the token server refuses: invalid_client", "client"), "client secret"),
        (failure("microsoft", "imap", "token", "refuses: invalid_scope: AADSTS70011", "client"), "IMAP.AccessAsApp"),
        (
            failure("microsoft", "imap", "token", "nobody has signed in yet: run `mailgate login support`", "code"),
            "run: mailgate login support",
        ),
        (failure("google", "imap", "token", "refuses: unauthorized_client", "service-account"), "Domain-wide"),
        (failure("google", "imap", "sign-in", "login refused: [ALERT] IMAP access is disabled"), "End User Access"),
        (
            failure("google", "imap", "sign-in", "login refused: [AUTHENTICATIONFAILED] Invalid credentials"),
            "make an app password; or use a service account; https://support.google.com/accounts/answer/185833",
        ),
        (failure("google", "smtp", "sender", "553 5.1.2"), "add sales@bank.example in Gmail"),
        (failure("fastmail", "smtp", "sign-in", "535 5.7.0 no"), "make an app password: Settings, Privacy & Security"),
        (failure("custom", "smtp", "tls", "timed out"), 'tls = "implicit"'),
        (
            failure("custom", "smtp", "tls", "the server does not offer STARTTLS (502 5.5.1 no)"),
            "the port is mostly 143",
        ),
        (failure("custom", "imap", "tls", "TLS failed (unexpected eof while reading)"), "the port is mostly 143"),
        (failure("custom", "imap", "tls", "the certificate of x is not trusted (it has expired)"), "renew"),
        (failure("custom", "smtp", "sender", "530 5.7.0 Must issue a STARTTLS command first"), "wants TLS"),
        (failure("custom", "smtp", "sender", "530 5.7.10 Encryption needed"), "wants TLS"),
        (failure("custom", "imap", "sign-in", "login refused: [PRIVACYREQUIRED] Plaintext disallowed"), "wants TLS"),
        (failure("custom", "smtp", "sender", "550 5.7.1"), "allow support@bank.example to send as sales@bank.example"),
        (failure("custom", "imap", "name", "the name x is not known"), "spelled right"),
        (failure("custom", "imap", "tcp", "port 993: timed out"), "firewall"),
        (failure("custom", "smtp", "tls", "does the server speak TLS on this port?"), '"starttls"'),
        (failure("custom", "imap", "tls", "does the server speak TLS on this port?"), 'no TLS takes tls = "none"'),
        (failure("microsoft", "imap", "sign-in", "the server takes no login now: throttled", "client"), "later"),
        (failure("google", "imap", "sign-in", "the connection was lost"), "try again"),
        (failure("custom", "imap", "sign-in", "the connection failed: timed out"), 'tls = "implicit"'),
        (failure("custom", "imap", "sign-in", "login refused: [AUTHENTICATIONFAILED]"), "user and password"),
        (failure("custom", "smtp", "sign-in", "535 5.7.8 authentication failed (at login)"), "user and password"),
        (failure("custom", "imap", "sign-in", "login refused: no", "client"), "does the token belong to support@"),
        (failure("custom", "imap", "folder", "folder 'x' cannot be opened"), 'folder = "INBOX"'),
        (failure("custom", "smtp", "sender", "554 5.7.1 Relay access denied (at rcpt)"), "mynetworks"),
    ],
)
def test_the_cure_is_in_the_words_of_the_provider(found: Failure, expected: str) -> None:
    assert expected in hint(found)


@pytest.mark.parametrize(
    "found",
    [
        failure("custom", "imap", "sign-in", "something else"),
        failure("custom", "imap", "tls", "the certificate is not trusted (unknown issuer); for a private CA set `ca`"),
    ],
)
def test_where_nothing_is_known_nothing_is_said(found: Failure) -> None:
    assert hint(found) == ""


def test_every_placeholder_is_filled_in() -> None:
    lists = (hints._MICROSOFT, hints._GOOGLE, hints._PASSING, hints._GENERAL)
    for provider in ("microsoft", "google", "custom"):
        for each in (one for group in lists for one in group):
            for step in each.steps.split():
                text = hint(Failure(provider=provider, protocol=each.protocol or "imap", step=step, said=each.text))
                assert not re.search(r"\{[a-z_]+\}", text)
