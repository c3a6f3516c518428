"""Programs of the system that tests talk to. `scripts/system-packages` installs what is missing, where it may."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

# User "nobody" and group "nogroup" of Debian, as which root starts servers: by number, as a lookup of the name asks
# services of the system that may not answer.
NOBODY = 65534
_ALSO = "/usr/sbin:/usr/local/sbin"  # not in everybody's PATH


def need(program: str, package: str) -> str:
    """The path of a program. Where it is missing the test is skipped and says how not to; in CI that is a failure."""
    found = shutil.which(program) or shutil.which(program, path=_ALSO)
    if not found:
        lacking(f"{program} is missing: `make test` installs it as root, or: apt-get install {package}")
    return found


def need_root(why: str) -> None:
    """Skip the test for other users, also in CI: root has set up the servers that it needs, or nobody has."""
    if os.geteuid() != 0:
        pytest.skip(f"{why} takes root")


def lacking(what: str) -> NoReturn:
    """End a test whose surroundings lack something: skipped, in CI failed."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(what)
