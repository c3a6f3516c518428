"""`python -m tests.endless_trial SECONDS BYTES`: a trial of a mail that no machine is fast enough for."""

import sys

from mailgate.system.budget import limit_this_process

if __name__ == "__main__":
    limit_this_process(*map(int, sys.argv[1:3]))
    while True:
        pass
