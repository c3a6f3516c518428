"""Values of commands that are answered by mail, of those without a value, and of those that are refused here."""

from __future__ import annotations

from typing import NoReturn

from mailgate.errors import Refused
from mailgate.rules.commands.scope import Command, CommandScope, Reader
from mailgate.rules.report.period import read_period


def as_typed(command: Command, _: CommandScope) -> tuple[str, str]:
    """The value as typed, with nothing to confirm."""
    return command.value, ""


def report(command: Command, _: CommandScope) -> tuple[str, str]:
    """A period that `read_period` understands, as typed."""
    read_period(command.value)
    return command.value, ""


def nothing(_: Command, __: CommandScope) -> tuple[None, str]:
    """No value, and nothing to confirm."""
    return None, ""


def refused(text: str) -> Reader[NoReturn]:
    """For a command that cannot be used where the others are read; `text` says how to use it."""

    def read(_: Command, __: CommandScope) -> NoReturn:
        raise Refused(text)

    return read
