"""What the screening rules look at: one incoming mail with what is known around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mailgate.mail import Envelope, Mail, is_null_path


@dataclass(frozen=True, slots=True)
class Incoming:
    """A parsed mail, its envelope, the test for our own ids, and the desk's addresses."""

    mail: Mail
    envelope: Envelope
    is_ours: Callable[[str], bool]  # True for a Message-ID signed by this desk
    desk: frozenset[str]  # normalised addresses
    names_ticket: bool = False  # its subject holds the token of a ticket

    @property
    def null_sender(self) -> bool:
        """The reverse path is empty (RFC 5321 4.5.5): nobody may answer it."""
        if self.envelope.sender is not None:
            return self.envelope.is_null
        path = self.mail.header("return-path")
        return bool(path.strip()) and is_null_path(path)

    @property
    def is_reply(self) -> bool:
        """The mail says that it answers another."""
        return bool(self.mail.in_reply_to or self.mail.references)

    def token(self, name: str) -> str:
        """First word of a header field, in lower case, without parameters and comments."""
        value = self.mail.header(name).partition(";")[0].partition("(")[0].split()
        return value[0].lower() if value else ""
