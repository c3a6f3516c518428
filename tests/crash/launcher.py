"""`mailgate` with an observer: writes each crossing to a file, and kills its process group at one of them.

CRASH_LOG=file CRASH_AT="worker:committed:3" python tests/crash/launcher.py run -c config.toml
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from mailgate.cli.main import main
from mailgate.system import crash_points

LOG = os.open(os.environ["CRASH_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
AT = os.environ.get("CRASH_AT", "")
FIRST, VERB = os.getpid(), sys.argv[1]

counts: Counter[str] = Counter()
lock = threading.Lock()


def role() -> str:
    """The daemon's two processes; a one-shot command is named after its verb."""
    if VERB != "run":
        return VERB
    return "daemon" if os.getpid() == FIRST else "worker"


def observe(boundary: str) -> None:
    with lock:
        here = f"{role()}:{boundary}"
        counts[here] += 1
        crossing = f"{here}:{counts[here]}"
        os.write(LOG, f"{crossing}\n".encode())
        if crossing == AT:
            os.killpg(0, signal.SIGKILL)


crash_points.observers.append(observe)
raise SystemExit(main(sys.argv[1:]))
