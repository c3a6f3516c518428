"""A private Dovecot on loopback, for tests: a real IMAP server that belongs to one test.

Runs without privileges (as `nobody` when the tests run as root), in a folder of its own,
on a free port, with Dovecot 2.3 or 2.4. It accepts any user with the password PASSWORD.
It refuses to touch the system's own Dovecot: every path and port is given.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from imapclient import IMAPClient

from tests.ports import reserved_port
from tests.programs import NOBODY, need
from tests.waiting import PATIENCE, wait_until

PASSWORD = "secret"

_COMMON = """\
protocols = imap
listen = 127.0.0.1
base_dir = {dir}/run
state_dir = {dir}/run
instance_name = mailgate-test
log_path = {dir}/log
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
first_valid_uid = 1
auth_mechanisms = plain login
auth_failure_delay = 0 secs
mail_max_userip_connections = 100
"""

_V23 = """\
mail_location = maildir:{dir}/mail/%u
disable_plaintext_auth = no
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = home={dir}/mail/%u
}}
"""

_V24 = """\
mail_driver = maildir
mail_path = {dir}/mail/%{{user}}
auth_allow_cleartext = yes
passdb static {{
  password = {password}
}}
userdb static {{
  fields {{
    home = {dir}/mail/%{{user}}
  }}
}}
"""

_SERVICES = """\
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


def version(binary: str) -> tuple[int, int]:
    """Major and minor version of the Dovecot binary."""
    text = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    major, minor = text.split()[0].split(".")[:2]
    return int(major), int(minor)


@dataclass
class Dovecot:
    """One private server. Use as a context manager; `restart` keeps the mail."""

    tls: bool = False
    token_server: str = ""  # its URL: then people sign in with its tokens as well
    mechanisms: str = "xoauth2 oauthbearer"  # with which they do
    capability_less: Sequence[str] = ()  # capabilities that it hides
    prefix: str = ""  # of the personal namespace: "INBOX." with "." between its levels
    junk: str = ""  # a folder that it marks as the one for junk (RFC 6154)
    auth_port: int = 0  # where a Postfix asks whether people may sign in
    port: int = field(default_factory=reserved_port)
    tls_port: int = 0

    def __post_init__(self) -> None:
        self.binary = need("dovecot", "dovecot-imapd")
        self.directory = Path(tempfile.mkdtemp(prefix="mailgate-dovecot-"))
        self.process: subprocess.Popen[bytes] | None = None
        self.ca = self.directory / "tls" / "ca.pem"
        if self.tls:
            self.tls_port = reserved_port()
            _certificates(self.directory / "tls")
        self._config = self.directory / "dovecot.conf"
        self._config.write_text(self._settings())
        (self.directory / "mail").mkdir()
        (self.directory / "run").mkdir()
        if os.geteuid() == 0:
            for path in (self.directory, *self.directory.rglob("*")):
                os.chown(path, NOBODY, NOBODY)

    def _settings(self) -> str:
        root = os.geteuid() == 0
        version_here = version(self.binary)
        new = version_here >= (2, 4)
        values = {
            "dir": self.directory,
            "user": "nobody" if root else _me(),
            "group": "nogroup" if root else _my_group(),
            "port": self.port,
            "tls_port": self.tls_port,
            "password": PASSWORD,
        }
        text = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n" if new else ""
        text += _COMMON.format(**values) + (_V24 if new else _V23).format(**values) + _SERVICES.format(**values)
        if self.prefix or self.junk:
            text += self._namespace()
        if self.token_server:
            text = text.replace("auth_mechanisms = plain login", f"auth_mechanisms = plain login {self.mechanisms}")
            text += self._oauth2(new=new)
        if self.auth_port:
            text += f"service auth {{\n  inet_listener postfix {{\n    port = {self.auth_port}\n  }}\n}}\n"
        if self.tls:
            prefix = ("ssl_server_cert_file = ", "ssl_server_key_file = ") if new else ("ssl_cert = <", "ssl_key = <")
            text += f"ssl = yes\n{prefix[0]}{self.directory}/tls/cert.pem\n{prefix[1]}{self.directory}/tls/key.pem\n"
        else:
            text += "ssl = no\n"
        if self.capability_less:
            shown = [word for word in _CAPABILITIES if word not in self.capability_less]
            text += f"imap_capability = {' '.join(shown)}\n"
        return text

    def _namespace(self) -> str:
        separator = "separator = .\n" if self.prefix else ""
        marked = f"mailbox {self.junk} {{\n    special_use = \\Junk\n    auto = create\n  }}" if self.junk else ""
        return f"namespace inbox {{\n  inbox = yes\n  {separator}  prefix = {self.prefix}\n  {marked}\n}}\n"

    def _oauth2(self, *, new: bool) -> str:
        """What asks the token server about each token (RFC 7662)."""
        url = f"{self.token_server}/introspect"
        if new:
            return (
                "oauth2 {\n  introspection_mode = post\n  force_introspection = yes\n"
                f"  introspection_url = {url}\n  active_attribute = active\n  active_value = true\n"
                "  username_attribute = username\n}\npassdb oauth2 {\n  mechanisms_filter = "
                + self.mechanisms
                + "\n}\n"
            )
        asked = self.directory / "oauth2.conf"
        asked.write_text(
            f"introspection_mode = post\nforce_introspection = yes\nintrospection_url = {url}\n"
            "active_attribute = active\nactive_value = true\nusername_attribute = username\n"
        )
        return f"passdb {{\n  driver = oauth2\n  mechanisms = {self.mechanisms}\n  args = {asked}\n}}\n"

    def start(self) -> None:
        """Start it and wait until it answers."""
        me = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        with (self.directory / "stderr").open("wb") as stderr:
            self.process = subprocess.Popen(
                [self.binary, "-F", "-c", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
                **me,  # type: ignore[arg-type]
            )
        wait_until(self._answers, self.log)

    def _answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, f"dovecot ended: {self.log()}"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as probe:
                return probe.recv(100).startswith(b"* OK")
        except OSError:
            return False

    def stop(self, *, politely: bool = True) -> None:
        """Stop it and every process that it started; politely takes a second."""
        if self.process is None:
            return
        if politely:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=PATIENCE)
        # sessions outlive the master by ten seconds; clients are to notice now
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def restart(self) -> None:
        """Stop and start again with the same mail and the same port."""
        self.stop()
        self.start()

    def hang_up(self) -> None:
        """End every session of a user, as a server does that restarts; others may begin at once."""
        assert self.process
        for place in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                pid, name, *fields = place.read_text().replace("(", "").replace(")", "").split()
                if name == "imap" and int(fields[2]) == self.process.pid:
                    os.kill(int(pid), signal.SIGKILL)

    def log(self) -> str:
        """What the server wrote about itself."""
        found = [self.directory / "log", self.directory / "stderr"]
        return "\n".join(path.read_text("utf-8", "replace") for path in found if path.exists())

    @contextmanager
    def client(self, user: str = "support@bank.example") -> Iterator[IMAPClient]:
        """A logged-in connection, to look and to put things in order."""
        with IMAPClient("127.0.0.1", self.port, ssl=False, timeout=PATIENCE) as client:
            client.normalise_times = False
            client.login(user, PASSWORD)
            yield client

    def deliver(
        self,
        mails: Sequence[bytes],
        *,
        user: str = "support@bank.example",
        folder: str = "INBOX",
        at: datetime | None = None,
        flags: Sequence[bytes] = (),
    ) -> None:
        """Put mails into a folder, as a delivery would."""
        with self.client(user) as client:
            for start in range(0, len(mails), 500):
                some = [
                    {"msg": mail, "flags": flags, **({"date": at} if at else {})} for mail in mails[start : start + 500]
                ]
                if client.has_capability("MULTIAPPEND"):
                    client.multiappend(folder, some)
                else:
                    for mail in mails[start : start + 500]:
                        client.append(folder, mail, flags, at)

    def uids(self, folder: str = "INBOX", user: str = "support@bank.example", criteria: str = "ALL") -> list[int]:
        """UIDs in a folder."""
        with self.client(user) as client:
            client.select_folder(folder, readonly=True)
            return list(client.search(criteria))

    def subjects(self, folder: str, user: str = "support@bank.example") -> set[str]:
        """What lies in a folder, each once: a move that was cut off may have left copies."""
        with self.client(user) as client:
            client.select_folder(folder, readonly=True)
            found = client.fetch(client.search("ALL"), ["BODY.PEEK[HEADER.FIELDS (SUBJECT)]"])
        return {each[b"BODY[HEADER.FIELDS (SUBJECT)]"].decode().strip() for each in found.values()}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(politely=False)
        shutil.rmtree(self.directory, ignore_errors=True)


_CAPABILITIES = (
    *("IMAP4rev1", "SASL-IR", "LOGIN-REFERRALS", "ID", "ENABLE", "IDLE", "LITERAL+", "CHILDREN", "NAMESPACE"),
    *("UIDPLUS", "UNSELECT", "MOVE", "MULTIAPPEND", "SEARCHRES", "ESEARCH", "WITHIN", "LIST-STATUS", "SPECIAL-USE"),
)


def _me() -> str:
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name


def _my_group() -> str:
    import grp

    return grp.getgrgid(os.getegid()).gr_name


def _certificates(folder: Path) -> None:
    """Make a certificate authority and a certificate for 127.0.0.1 under it."""
    folder.mkdir()

    program = need("openssl", "openssl")

    def openssl(*words: str) -> None:
        subprocess.run([program, *words], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl(
        *("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test authority"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
    )
    openssl("req", *key, "-keyout", "key.pem", "-out", "cert.csr", "-subj", "/CN=127.0.0.1")
    # Python 3.13 verifies strictly (RFC 5280 4.2.1.1): the certificate names its authority's key
    (folder / "ext").write_text(
        "subjectAltName = IP:127.0.0.1\nauthorityKeyIdentifier = keyid\nsubjectKeyIdentifier = hash\n"
    )
    openssl(
        *("x509", "-req", "-in", "cert.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
        *("-extfile", "ext", "-days", "2", "-out", "cert.pem"),
    )
