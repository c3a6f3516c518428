"""Memory that was needed for a large mail is returned to the operating system."""

import subprocess
import sys

PROGRAM = """
import sys, threading
from mailgate.system.memory import return_freed_memory

def resident():
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmRSS:"))

if sys.argv[1] == "yes":
    return_freed_memory()
before = resident()

def use():
    bytes(10_000_000)  # freed at once: glibc takes blocks of this size from its heap from now on
    blocks = [b"x" * 1_000_000 for _ in range(20)]
    kept.append(b"y" * 1000)
    blocks.clear()

kept = []
use()
thread = threading.Thread(target=use)
thread.start()
thread.join()
print(resident() - before)
"""


def kept(argument: str) -> int:
    found = subprocess.run([sys.executable, "-c", PROGRAM, argument], check=True, capture_output=True, text=True)
    return int(found.stdout)


def test_freed_memory_is_returned():
    assert kept("yes") < 2_000_000
