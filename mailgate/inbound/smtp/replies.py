"""The replies of the listener, in the form in which mail servers give them (RFC 5321 4.2, RFC 3463)."""

from __future__ import annotations

from dataclasses import dataclass

from mailgate.inbound.smtp.data import Flaw
from mailgate.inbound.smtp.syntax import MailTrouble

Reply = tuple[int, str]

TEMPORARY = "Temporary failure, please try again later"
BUSY = (451, f"4.3.0 {TEMPORARY}")
STORAGE_FULL = (452, f"4.3.1 {TEMPORARY}")
FLAWS: dict[Flaw, Reply] = {
    Flaw.TOO_BIG: (552, "5.3.4 Message size exceeds fixed limit"),
    Flaw.NO_ROOM: STORAGE_FULL,
    Flaw.BARE_CR: (550, "5.6.11 Bare CR is not allowed"),
    Flaw.LONG_LINE: (554, "5.6.0 Line exceeds 65536 bytes"),
}
MAIL_TROUBLES: dict[MailTrouble, Reply] = {
    MailTrouble.UNKNOWN: (555, "5.5.4 Unsupported MAIL parameter"),
    MailTrouble.BAD_SIZE: (501, "5.5.4 Syntax: SIZE=bytes"),
    MailTrouble.TOO_BIG: FLAWS[Flaw.TOO_BIG],
}
UNKNOWN_COMMAND = (500, "5.5.2 Error: command not recognized")
LINE_TOO_LONG = (500, "5.5.2 Error: line too long")
NOT_IMPLEMENTED = (502, "5.5.1 Command not implemented")
GREET_FIRST = "5.5.1 Error: send {} first"
NESTED_MAIL = (503, "5.5.1 Error: nested MAIL command")
NEED_MAIL = (503, "5.5.1 Error: need MAIL command")
NEED_RCPT = (503, "5.5.1 Error: need RCPT command")
TOO_MANY_RECIPIENTS = (452, "4.5.3 Error: too many recipients")
UNKNOWN_USER = (550, "5.1.1 Recipient address rejected: User unknown")
NOT_A_RELAY = (550, "5.7.1 Recipient address rejected: Relay access denied")
NEED_TLS = (530, "5.7.0 Must issue a STARTTLS command first")  # RFC 3207 4
NEED_AUTH = (530, "5.7.0 Authentication required")  # RFC 4954 6
NOT_YOURS = (553, "5.7.1 Sender address rejected: not owned by user")
AUTH_FAILED = (535, "5.7.8 Error: authentication failed")
AUTH_SYNTAX = (501, "5.5.2 Error: malformed AUTH response")
AUTH_ABORTED = (501, "5.7.0 Error: authentication aborted")
AUTH_TYPE = (504, "5.5.4 Error: unrecognized authentication type")
AUTH_AGAIN = (503, "5.5.1 Error: already authenticated")
TLS_AGAIN = (503, "5.5.1 Error: TLS already active")
TLS_PIPELINED = (503, "5.5.1 Error: commands after STARTTLS in one packet")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused command, for log and trace; `recipient` is "" when it was not about one."""

    peer: str
    sender: str | None
    recipient: str
    code: int
    text: str
