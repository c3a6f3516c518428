"""The texts of the administrator's own, templates and canned responses: what keeps a configuration from being used."""

from __future__ import annotations

from mailgate.errors import Problem
from mailgate.settings import Config
from mailgate.writing.templates.canned import check_canned
from mailgate.writing.templates.render import Renderer


def broken_texts(config: Config) -> tuple[Problem, ...]:
    """Every error in them, warnings aside. The start of the daemon and a reload are refused because of one."""
    found = (*check_canned(config), *Renderer.of(config).check())
    return tuple(problem for problem in found if not problem.warning)
