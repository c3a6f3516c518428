"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is slow now and then; a deadline for one example would make that a failure.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
