"""`mailgate demo`: plays the three tickets to the end and leaves a usable desk."""

from __future__ import annotations

import json
import os
import re
import signal
import smtplib
import subprocess
import sys
from pathlib import Path

from tests.waiting import PATIENCE, wait_until

DEMO = [sys.executable, "-m", "mailgate", "demo"]
ROOT = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_once_plays_three_tickets_and_exits(tmp_path: Path) -> None:
    """Every step succeeds; the given folder holds the desk; nothing is written elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o555)
    desk = tmp_path / "desk"
    done = subprocess.run(
        [*DEMO, "--once", "--json", "--dir", desk],
        check=False,
        cwd=elsewhere,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1] == {"ok": True, "error": None}
    assert len([line for line in lines if "step" in line]) == 17
    kinds = {line["out"]["kind"] for line in lines if "out" in line}
    assert {"acknowledgement", "new-ticket", "overdue", "assigned", "transferred", "reply"} <= kinds
    (report,) = [line for line in lines if "totals" in line]
    assert (report["totals"]["opened"], report["totals"]["resolved"]) == (3, 3)
    assert (desk / "mailgate.db").exists()
    assert not list(elsewhere.iterdir())


def test_a_folder_that_is_not_empty_is_refused_and_left_unchanged(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("mine")
    done = subprocess.run(
        [*DEMO, "--once", "--dir", tmp_path],
        check=False,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert "not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_the_desk_keeps_running_and_accepts_mail_until_ctrl_c(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out.open("w") as file:
        demo = subprocess.Popen(DEMO, stdout=file, stderr=subprocess.STDOUT, env=environment(), cwd=tmp_path)
    try:
        port = int(shown(r"swaks --server 127\.0\.0\.1:(\d+)", out)[1])
        folder = Path(shown(r"a desk in (\S+),", out)[1])
        with smtplib.SMTP("127.0.0.1", port) as smtp:
            smtp.sendmail(
                "you@client.example", ["support@bank.example"], "Subject: It flickers\r\n\r\nSince today.\r\n"
            )
        shown(r"you@client\.example receives acknowledgement +\[#1004\] It flickers", out)
        demo.send_signal(signal.SIGINT)
        assert demo.wait(PATIENCE) == 0, out.read_text()
        assert not folder.exists()
        assert "Traceback" not in out.read_text()
    finally:
        demo.kill()
        demo.wait()


def shown(pattern: str, out: Path) -> re.Match[str]:
    """Wait until the demo has printed it."""
    wait_until(lambda: re.search(pattern, out.read_text()), out.read_text, lambda: out.stat().st_size)
    found = re.search(pattern, out.read_text())
    assert found
    return found
