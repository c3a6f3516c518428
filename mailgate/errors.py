"""The error tree.

MailgateError            public text, private cause, temporary or permanent
├── ConfigError          bad configuration; carries every problem found
├── StorageError         database or disk trouble; temporary
│   ├── DatabaseBusy     another process holds the database; temporary
│   ├── NodeLost         another node does the work of this one; the daemon must end
│   ├── DatabaseDamaged  the database was damaged, deleted or replaced; restore it
│   └── WrongSchema      the database belongs to an older or newer mailgate
├── UnreadableFile       one stored file cannot be read; the mail that needs it waits
├── TooExpensive         a mail whose reading exceeds its budget; it is quarantined at once
├── LockHeld             another mailgate runs on this database
├── NotFound             no such ticket, message or queue entry
├── Refused              a command that may not be done, or cannot be
└── BadArgument          a command line that asks for something that is not there

An error without a class of its own is temporary: mail is kept and tried again.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailgate.phrase import Sentence


class MailgateError(Exception):
    """Base of all errors of the project.

    `public` may be shown to anybody (SMTP peers, requesters); `cause` is for the log.
    """

    temporary = True

    def __init__(self, public: str, *, cause: str = "") -> None:
        super().__init__(public)
        self.public = public
        self.cause = cause

    def told(self, public: str = "") -> str:
        """What an administrator is told: both; `public` stands for that of the error, as its reader understands it."""
        said = public or self.public
        return f"{said} ({self.cause})" if self.cause else said


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in the configuration: where, what, and what would be right."""

    where: str  # '[rule."NAME".when.subject]'
    what: str
    line: int | None = None
    file: str = ""
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return f"{place}{self.where + ' ' if self.where else ''}{self.what}"


class ConfigError(MailgateError):
    """The configuration cannot be used."""

    temporary = False

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class StorageError(MailgateError):
    """Database or disk trouble: wait and try again. `cure` says what an administrator can do about it."""

    def __init__(self, public: str, *, cause: str = "", cure: str = "") -> None:
        super().__init__(public, cause=cause)
        self.cure = cure


class DatabaseBusy(StorageError):
    """Another process holds the database."""


class DatabaseDamaged(StorageError):
    """The database was damaged, deleted or replaced: what is written to it may be lost."""


class NodeLost(StorageError):
    """The lease of this node has ended, and another one does its work: this daemon must end."""


class WrongSchema(StorageError):
    """The database belongs to an older or newer mailgate."""

    temporary = False


class UnreadableFile(MailgateError):
    """One stored file cannot be read. Only the mail that needs it is affected."""


class TooExpensive(MailgateError):
    """Reading one mail takes more time or memory than it may."""

    temporary = False


class LockHeld(MailgateError):
    """Another mailgate runs on this database."""

    temporary = False


class NotFound(MailgateError):
    """No such ticket, message or queue entry."""

    temporary = False


class Refused(MailgateError):
    """A command that is not permitted or not possible; `reasons` are shown to its author."""

    temporary = False

    def __init__(self, *reasons: Sentence, cause: str = "") -> None:
        super().__init__("; ".join(each if isinstance(each, str) else each.name for each in reasons), cause=cause)
        self.reasons = reasons


class BadArgument(MailgateError):
    """A command line that names what does not exist or leaves out what it needs."""

    temporary = False
