"""Assertions in the helpers of the acceptance tests are rewritten, as in tests."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.acceptance.labs", "tests.acceptance.world")
