"""Trying what is on this machine: listeners and their certificates, the database, the templates."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from mailgate.connect import rsa
from mailgate.connect.tls import connection_words
from mailgate.errors import MailgateError
from mailgate.inbound.smtp.listener import server_context
from mailgate.inbound.smtp.proxied import within
from mailgate.inbound.smtp.proxy import NO_CLIENT
from mailgate.probes.mailbox import words
from mailgate.probes.stage import Stage, State
from mailgate.probes.wire import TIMEOUT, certificate_stage
from mailgate.settings import Config, Listener, ServerTls
from mailgate.store.db import engine_of
from mailgate.system.lock import running
from mailgate.writing.templates.render import Renderer

_ANY = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


def try_local(config: Config, now: datetime) -> Iterator[Stage]:
    """The listeners, whether or not the daemon runs, the database and the templates."""
    yield from try_listeners(config, now)
    yield from _database(config)
    yield from _templates(config)


def try_listeners(config: Config, now: datetime) -> Iterator[Stage]:
    """The certificate of each listener, and its greeting, or whether its port is free while no daemon runs."""
    is_running = running(config.storage.beside) is not None
    for name, listener in (("smtp", config.smtp), ("submission", config.submission)):
        if listener is not None:
            yield from _listener(f"listener {name}", listener, now, is_running=is_running)


def _listener(target: str, listener: Listener, now: datetime, *, is_running: bool) -> Iterator[Stage]:
    if listener.tls is not None:
        yield _certificate(target, listener.tls, now)
    yield _greeting(target, listener) if is_running else _free(target, listener)


def _certificate(target: str, tls: ServerTls, now: datetime) -> Stage:
    try:
        server_context(tls)
        until = rsa.certificate(tls.cert.read_text("ascii", "replace")).ends_at
    except (OSError, ValueError) as error:
        return Stage(target, "tls", State.FAILED, f"{tls.cert}: {error}")
    return certificate_stage(target, f"{tls.cert},", until, now)


def _greeting(target: str, listener: Listener) -> Stage:
    """What the running daemon says there."""
    try:
        with _connected(listener) as connection:
            said = connection.recv(512).decode("ascii", "replace").strip()
    except OSError as error:
        return Stage(target, "greeting", State.FAILED, f"{listener.endpoint}: {connection_words(error, listener.host)}")
    state = State.OK if said.startswith("220") else State.FAILED
    return Stage(target, "greeting", state, f"{listener.endpoint}: {said or 'nothing'}")


def _connected(listener: Listener) -> socket.socket:
    if listener.path is not None:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(TIMEOUT)
        connection.connect(str(listener.path))
        return connection
    host = _ANY.get(listener.host, listener.host)
    connection = socket.create_connection((host, listener.port), timeout=TIMEOUT)
    if within(connection.getsockname()[0], listener.proxy):
        connection.sendall(NO_CLIENT)  # from here a header has to come
    if listener.tls is None or not listener.tls.implicit:
        return connection
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # whether it is valid stands above: here it is our own
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connection)


def _free(target: str, listener: Listener) -> Stage:
    """Whether the daemon could listen there."""
    free = Stage(target, "port", State.OK, f"{listener.endpoint} is free; the daemon does not run")
    if listener.path is not None:
        folder = listener.path.parent
        usable = folder.is_dir() and os.access(folder, os.W_OK)
        return free if usable else Stage(target, "port", State.FAILED, f"{folder} cannot be written")
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((listener.host, listener.port))
        except OSError as error:
            what = f"{listener.endpoint}: {os.strerror(error.errno).lower() if error.errno else error}"
            return Stage(target, "port", State.FAILED, what, _bind_hint(error))
    return free


def _bind_hint(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "ports below 1024 need root or CAP_NET_BIND_SERVICE: listen on another one"
    return "does another program, or another desk, listen there?"


def _database(config: Config) -> Iterator[Stage]:
    place = config.storage.database
    version = 0
    try:
        engine = engine_of(place)
        engine.open_reader().close()
        version = engine.version()
        problems: list[MailgateError] = [*engine.trouble((config.storage.attachments,))] if version else []
    except MailgateError as error:
        problems = [error]
    stage = "file" if isinstance(place, Path) else "server"
    for problem in problems:
        yield Stage("database", stage, State.FAILED, words(problem))
    if not problems:
        what = f"{place}, schema {version}" if version else f"{place} does not exist yet"
        yield Stage("database", stage, State.OK, what)


def _templates(config: Config) -> Iterator[Stage]:
    folders: tuple[Path, ...] = (config.templates,) if config.templates else ()
    problems = [problem for problem in Renderer(folders).check() if not problem.warning]
    for problem in problems:
        yield Stage("templates", "render", State.FAILED, str(problem))
    if not problems:
        yield Stage("templates", "render", State.OK, str(config.templates) if config.templates else "those of mailgate")
