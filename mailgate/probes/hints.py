"""What to do about a step that failed: the setting, the page or the command, in the provider's words. Pure.

A hint is chosen by the provider, the protocol, the step and what the server said. The first of the
list that fits is given. `{user}`, `{address}`, `{client_id}`, `{account}`, `{page}` and `{advice}` are filled in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mailgate.connect.providers import CUSTOM, PROVIDERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A step that failed. `sign_in`: "password", "client" (an application), "service-account" or "code" (a person)."""

    provider: str = CUSTOM
    protocol: str  # "imap" or "smtp"
    step: str  # as in `Stage.name`
    said: str
    sign_in: str = ""
    user: str = ""
    address: str = ""  # the sender that was refused
    client_id: str = ""
    account: str = ""  # what `mailgate login` calls it


@dataclass(frozen=True, slots=True)
class _Hint:
    text: str
    steps: str  # separated by blanks
    said: str = ""  # a regular expression; "" fits everything
    provider: str = ""
    protocol: str = ""
    sign_in: str = ""

    def fits(self, failure: Failure) -> bool:
        """Whether every condition holds."""
        return (
            failure.step in self.steps.split()
            and self.provider in ("", failure.provider)
            and self.protocol in ("", failure.protocol)
            and (not self.sign_in or failure.sign_in in self.sign_in.split())
            and re.search(self.said, failure.said, re.IGNORECASE) is not None
        )


# https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
_FULL_ACCESS = (
    "give the application access to the mailbox, in Exchange Online PowerShell:\n"
    "New-ServicePrincipal -AppId {client_id} -ObjectId OBJECT_ID\n"
    "Add-MailboxPermission -Identity {user} -User OBJECT_ID -AccessRights FullAccess\n"
    "OBJECT_ID is that of the Enterprise application, not of the app registration; {page}"
)
# https://learn.microsoft.com/exchange/permissions-exo/application-rbac (role Application SMTP.SendAsApp)
_SEND_AS_APP = (
    'give the application the role "Application SMTP.SendAsApp", in Exchange Online PowerShell:\n'
    'New-ManagementRoleAssignment -App OBJECT_ID -Role "Application SMTP.SendAsApp"\n'
    "OBJECT_ID is that of the Enterprise application; the change takes up to two hours"
)
# https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission
_SMTP_AUTH = (
    "allow SMTP AUTH for the mailbox, in Exchange Online PowerShell:\n"
    "Set-CASMailbox -Identity {user} -SmtpClientAuthenticationDisabled $false"
)
_MICROSOFT = (
    _Hint(_SMTP_AUTH, "sign-in", r"5\.7\.139|SmtpClientAuthentication is disabled", "microsoft", "smtp"),
    _Hint(_SEND_AS_APP, "sign-in", "", "microsoft", "smtp", "client"),
    _Hint(_FULL_ACCESS, "sign-in folder", "", "microsoft", "imap", "client"),
    _Hint(
        "the mailbox that is opened is {user}: is that the person who signed in, or a mailbox open to them?",
        *("sign-in", "not connected", "microsoft", "imap", "code"),
    ),
    # https://learn.microsoft.com/powershell/module/exchange/add-recipientpermission
    _Hint(
        "allow it, in Exchange Online PowerShell:\n"
        "Add-RecipientPermission -Identity {address} -Trustee {user} -AccessRights SendAs",
        *("sender", "", "microsoft"),
    ),
    # https://learn.microsoft.com/entra/identity-platform/reference-error-codes; by OAuth's word, not by numbers
    _Hint(
        "the client secret is wrong or has ended: make a new one (Entra ID, App registrations, Certificates & secrets)",
        *("token", "invalid_client", "microsoft"),
    ),
    _Hint(
        "add the application permission IMAP.AccessAsApp or SMTP.SendAsApp of Office 365 Exchange Online, and grant"
        " admin consent; {page}",
        *("token", "invalid_scope|consent|unauthorized_client|invalid_grant", "microsoft", "", "client"),
    ),
)
_GOOGLE = (
    # https://support.google.com/a/answer/162106
    _Hint(
        "let the service account act for mailboxes: admin.google.com, Security, API controls, Domain-wide delegation:"
        " its client ID with the scope https://mail.google.com/",
        *("token sign-in", "", "google", "", "service-account"),
    ),
    # https://support.google.com/a/answer/105694
    _Hint(
        "turn IMAP on: admin.google.com, Apps, Google Workspace, Gmail, End User Access",
        *("sign-in", "imap access is disabled|not enabled for imap", "google", "imap"),
    ),
    # https://support.google.com/mail/answer/22370
    _Hint(
        "add {address} in Gmail of {user}: Settings, Accounts, Send mail as; else Gmail writes its own address",
        *("sender", "", "google"),
    ),
)
_SILENT = 'nothing came: is it a port that speaks TLS at once (993, 465)? then write tls = "implicit"; else try again'
_PASSING = (
    _Hint(_SILENT, "tls", "^timed out"),
    _Hint(_SILENT, "sign-in ehlo", r"connection failed: timed out|no answer|timed out \(at (?:connect|ehlo)\)"),
    _Hint("try again later", "sign-in", "takes no login now|asks to wait"),
    _Hint("try again", "sign-in token", "connection (?:was lost|failed)|cannot be reached"),
)
_GENERAL = (
    _Hint("run: mailgate login {account}", "token", "mailgate login", sign_in="code"),
    # RFC 3207 4 (530), RFC 5530 3 (PRIVACYREQUIRED); 5.7.10 and 5.7.11 of IANA's enhanced status codes
    _Hint(
        'the server wants TLS: write tls = "starttls"',
        "sign-in sender",
        r"issue a? ?STARTTLS|PRIVACYREQUIRED|\b5\.7\.1[01]\b|(?:TLS|SSL|encryption) (?:is )?(?:needed|required)",
    ),
    _Hint("{advice}; {page}", "sign-in token", sign_in="password"),
    _Hint("{page}", "sign-in token"),
    _Hint(
        "check user and password: some servers want the whole address as user, some a password made for programs",
        *("sign-in", "login refused|^53[45] |authentication failed", "custom", "", "password"),
    ),
    _Hint(
        "does the token belong to {user}, and does its scope include mail?",
        *("sign-in", "login refused|^53[45] |authentication failed", "custom", "", "client code service-account"),
    ),
    _Hint('make it at the server, or write a folder that is there: folder = "INBOX"', "folder", "cannot be opened"),
    _Hint("is the host spelled right? Does this machine resolve other names?", "name"),
    _Hint("does a server run there, is the port right, and is it open in the firewall?", "tcp"),
    _Hint(
        'with tls = "starttls" the port is mostly 143 (IMAP) or 587; with "implicit" 993 or 465;'
        ' a server on this machine that has no TLS takes tls = "none"',
        *("tls", "^(?!the certificate)"),
    ),
    _Hint("whoever runs the server has to renew its certificate", "tls", "has expired"),
    _Hint(
        "the relay passes on nothing for this machine: write its user and password, or let it take mail from here"
        " (Postfix: mynetworks)",
        *("sender", "relay|unable to relay|logged in|authentication (?:is )?required"),
    ),
    _Hint("allow {user} to send as {address} at the mail server", "sender"),
)


def hint(failure: Failure) -> str:
    """What to do; "" where nothing is known. May have several lines."""
    provider = PROVIDERS.get(failure.provider)
    values = {
        "user": failure.user or "the account",
        "address": failure.address or "the address",
        "client_id": failure.client_id or "CLIENT_ID",
        "account": failure.account or "NAME",
        "page": provider.page if provider else "",
        "advice": provider.advice if provider else "",
    }
    for each in _in_order(failure):
        if each.fits(failure):
            text = each.text
            for name, value in values.items():
                text = text.replace("{" + name + "}", value)
            if text.strip(" ;"):
                return text.strip(" ;")
    return ""


def _in_order(failure: Failure) -> Iterable[_Hint]:
    own = {"microsoft": _MICROSOFT, "google": _GOOGLE}.get(failure.provider, ())
    return (*_PASSING, *own, *_GENERAL)
