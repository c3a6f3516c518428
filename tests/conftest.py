"""What holds for every test."""

from __future__ import annotations

import os

from hypothesis import settings

# A busy machine is slow now and then; a deadline for one example would make that a failure.
settings.register_profile("house", deadline=None)
# What decides over a merge tries the same examples each time; new ones are searched for at home.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "house")
