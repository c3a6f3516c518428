"""`mailgate` with some of its numbers changed: `python tests/acceptance/patched.py "STATEMENTS" run -c config.toml`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from mailgate.cli.main import main

exec(sys.argv.pop(1))
raise SystemExit(main(sys.argv[1:]))
