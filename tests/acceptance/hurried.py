"""`mailgate` that tries again every second or two, and for which trouble of four seconds is an alarm.

`python tests/acceptance/hurried.py run -c config.toml`. Where a file "die" lies in the folder $HURRIED_FOLDER, the
process is killed between the answer of a token server and the new refresh token on disk.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from mailgate.cli.main import main
from mailgate.connect import access_tokens, web
from mailgate.daemon import alarms, problems, sign_ins, status
from mailgate.inbound.imap import watcher
from mailgate.outbound import backoff
from mailgate.system import crash_points

FOLDER = Path(os.environ["HURRIED_FOLDER"])
SECOND = timedelta(seconds=1)

access_tokens.REFUSED_PAUSE = access_tokens.UNAVAILABLE_PAUSE = (SECOND, 2 * SECOND)
web.TIMEOUT = 1.0
watcher.NETWORK_PAUSE = watcher.DENIED_PAUSE = (0.2, 2.0)
backoff.RELAY_FIRST_PAUSE, backoff.RELAY_LONGEST_PAUSE = SECOND, 2 * SECOND
problems.LASTED = problems.REFUSAL_LASTED = 4 * SECOND  # longer than any pause
alarms.GONE = SECOND
alarms.INTERVAL = sign_ins.INTERVAL = status.INTERVAL = 0.5


def observe(boundary: str) -> None:
    if boundary == "token granted" and (FOLDER / "die").exists():
        os.kill(os.getpid(), signal.SIGKILL)


crash_points.observers.append(observe)
raise SystemExit(main(sys.argv[1:]))
