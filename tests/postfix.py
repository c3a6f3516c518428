"""A private Postfix on loopback, for tests: a real mail server that belongs to one test.

Its configuration, queue and log lie in a folder of its own; it refuses to touch the system's Postfix.
Its master process needs root, so the tests that use it are skipped for other users.
"""

from __future__ import annotations

import os
import shutil
import signal
import smtplib
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.ports import reserved_port
from tests.programs import need, need_root
from tests.waiting import PATIENCE, wait_until

_MAIN = """\
compatibility_level = 3.6
queue_directory = {dir}/spool
data_directory = {dir}/data
maillog_file = {dir}/log
maillog_file_prefixes = {dir}
myhostname = mx.bank.example
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
smtpd_relay_restrictions = {allowed}, reject
smtp_dns_support_level = disabled
default_transport = {to}
minimal_backoff_time = 2s
maximal_backoff_time = 2s
queue_run_delay = 2s
smtpd_peername_lookup = no
{more}
"""

_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass
class Postfix:
    """One private server; it hands every mail to `to` ("smtp:[127.0.0.1]:PORT", "lmtp:unix:PATH"), without TLS."""

    to: str
    certificate: Path | None = None  # PEM with its key: offers STARTTLS
    sasl: int = 0  # the port where a Dovecot says whether people may sign in: then senders have to
    owned: str = ""  # "ADDRESS USER": who may send as that address, with `sasl`
    main: str = ""  # lines for main.cf; "DIR" is the folder
    tables: Mapping[str, str] = field(default_factory=dict)  # files in it, where "DIR" is the folder too
    port: int = field(default_factory=reserved_port)

    def __post_init__(self) -> None:
        self.binary = need("postfix", "postfix")
        need_root("Postfix")
        self.directory = Path(tempfile.mkdtemp(prefix="mailgate-postfix-"))
        self.directory.chmod(0o755)
        for name in ("spool", "data"):
            (self.directory / name).mkdir()
        shutil.chown(self.directory / "data", "postfix")
        more = [self.main.replace("DIR", str(self.directory))]
        for name, text in self.tables.items():
            (self.directory / name).write_text(text.replace("DIR", str(self.directory)))
        if self.certificate:
            shutil.copy(self.certificate, self.directory / "tls.pem")
            more += [f"smtpd_tls_chain_files = {self.directory}/tls.pem", "smtpd_tls_security_level = may"]
        if self.sasl:
            (self.directory / "owned").write_text(f"{self.owned}\n")
            more += [
                "smtpd_sasl_auth_enable = yes",
                "smtpd_sasl_type = dovecot",
                f"smtpd_sasl_path = inet:127.0.0.1:{self.sasl}",
                "smtpd_sasl_security_options = noanonymous",
                f"smtpd_sender_login_maps = texthash:{self.directory}/owned",
                "smtpd_sender_restrictions = reject_sender_login_mismatch",
            ]
        allowed = "permit_sasl_authenticated" if self.sasl else "permit_mynetworks"
        values = {"dir": self.directory, "allowed": allowed, "to": self.to, "more": "\n".join(more)}
        (self.directory / "main.cf").write_text(_MAIN.format(**values))
        (self.directory / "master.cf").write_text(_MASTER.format(port=self.port))

    def __enter__(self) -> Self:
        with (self.directory / "stderr").open("wb") as stderr:
            self.process = subprocess.Popen(
                [self.binary, "-c", str(self.directory), "start-fg"],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                start_new_session=True,
            )
        try:
            wait_until(self._answers, self.log)
        except BaseException:
            self._stop()
            raise
        return self

    def _answers(self) -> bool:
        assert self.process.poll() is None, f"postfix ended: {self.log()}"
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE) as client:
                return client.noop()[0] == 250
        except OSError:
            return False

    def queued(self) -> int:
        """How many mails it holds: each is counted until the next server has said that it has it."""
        queues = ("maildrop", "incoming", "active", "deferred")
        return sum(1 for queue in queues for path in (self.directory / "spool" / queue).rglob("*") if path.is_file())

    def log(self) -> str:
        """What the server wrote about itself."""
        found = [self.directory / "log", self.directory / "stderr"]
        return "\n".join(path.read_text("utf-8", "replace") for path in found if path.exists())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _stop(self) -> None:
        # `start-fg` is a script; the server below it ends all its processes with itself
        master = self.directory / "spool/pid/master.pid"
        if master.exists():
            os.kill(int(master.read_text()), signal.SIGTERM)
        self.process.wait(timeout=PATIENCE)
