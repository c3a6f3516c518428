"""Readers that look nothing up: of commands without a value, of text that is taken as typed, and of the report."""

from __future__ import annotations

from typing import NoReturn

from mailgate.errors import Refused
from mailgate.phrase import Phrase
from mailgate.rules.commands.scope import Command, CommandScope, Reader
from mailgate.rules.report.period import read_period


def as_typed(command: Command, _: CommandScope) -> tuple[str, None]:
    """The value as typed, with nothing to confirm."""
    return command.value, None


def report(command: Command, _: CommandScope) -> tuple[str, None]:
    """A period that `read_period` understands, as typed."""
    read_period(command.value)
    return command.value, None


def confirms(summary: Phrase | None) -> Reader[None]:
    """For a command without a value; `summary` is what the agent gets as confirmation, None for nothing."""

    def read(_: Command, __: CommandScope) -> tuple[None, Phrase | None]:
        return None, summary

    return read


def refused(name: str) -> Reader[NoReturn]:
    """For a command that cannot be used where the others are read; the phrase `name` says how to use it."""

    def read(_: Command, __: CommandScope) -> NoReturn:
        raise Refused(Phrase(name))

    return read
