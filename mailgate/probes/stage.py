"""One step of a trial, and the table of all of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

_SHOWN = {"ok": "ok", "warning": "warning", "failed": "FAILED"}


class State(StrEnum):
    """What came of a step."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Stage:
    """A step: of what ("mailbox support"), which ("tls"), what came of it, and what to do about it."""

    target: str
    name: str
    state: State
    text: str = ""
    hint: str = ""


def failed(stages: Iterable[Stage]) -> bool:
    """Whether one of them failed."""
    return any(stage.state is State.FAILED for stage in stages)


def table(stages: Sequence[Stage]) -> list[str]:
    """Aligned lines: target, step, state, text; what to do stands below."""
    first, second = (max((len(text) for text in texts), default=0) for texts in zip(*_columns(stages), strict=True))
    lines = []
    last = ""
    for stage in stages:
        target = stage.target if stage.target != last else ""
        last = stage.target
        left = f"{target:<{first}}  {stage.name:<{second}}  {_SHOWN[stage.state]:<7}"
        lines.append(f"{left}  {stage.text}".rstrip())
        if stage.hint:
            lines += [f"{'':<{first + second + 13}}{line}" for line in f"→ {stage.hint}".splitlines()]
    return lines


def _columns(stages: Sequence[Stage]) -> list[tuple[str, str]]:
    return [(stage.target, stage.name) for stage in stages] or [("", "")]
