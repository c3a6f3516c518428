"""[mailbox.NAME]: the IMAP accounts that are read; who signs in there is read by `sign_in`."""

from __future__ import annotations

import re
from datetime import timedelta

from mailgate.config.sections.sign_in import check_clear, read_credentials, read_provider
from mailgate.config.toml import units
from mailgate.config.toml.messages import did_you_mean, one_of, quoted_text
from mailgate.config.toml.reader import Table, one_line
from mailgate.connect.providers import CUSTOM
from mailgate.settings import Mailbox

TLS = ("implicit", "starttls", "none")
_AUTHSERV_ID = re.compile(r"[^\s@;\"()<>]+")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?|[0-9A-Fa-f:.%]+", re.ASCII)


def read_mailboxes(top: Table) -> dict[str, Mailbox]:
    """Read every [mailbox.NAME]."""
    return {name: _mailbox(name, table) for name, table in top.named("mailbox")}


def _mailbox(name: str, table: Table) -> Mailbox:
    after, move_to = _after(table)
    provider = read_provider(table)
    ours = provider.imap if provider else None
    is_given = "host" in table or ours is not None
    usual = ours.host if ours else ""
    mailbox = Mailbox(
        name=name,
        host=table.value("host", host, usual, '"imap.bank.example"') if is_given else table.needed("host", '"…"'),
        port=table.whole("port", ours.port if ours else 993, 1, 65_535),
        tls=table.choice("tls", TLS, "implicit"),
        provider=provider.key if provider else CUSTOM,
        credentials=read_credentials(table, name, provider, needed=True),
        folder=_folder(table.text("folder", "")) or "INBOX",
        existing=table.value("existing", _existing, "skip", '"skip"'),
        after=after,
        move_to=move_to,
        junk=table.value("junk", one_line, None, '"Junk"'),
        idle=table.flag("idle", default=True),
        poll=table.duration("poll", timedelta(seconds=60)),
        authserv_ids=read_authserv_ids(table, '["imap.bank.example"]'),
    )
    check_clear(table, mailbox.host, mailbox.tls, mailbox.credentials)
    if mailbox.after == "move" and mailbox.move_to == mailbox.folder:
        table.error("after", f"mail cannot be moved from {mailbox.folder} into itself: name another folder")
    table.later("smtp", "sent")
    table.done()
    return mailbox


def read_authserv_ids(table: Table, example: str) -> tuple[str, ...]:
    """The servers whose Authentication-Results are believed, by the names in front of these (RFC 8601 2.5)."""
    found = table.texts("authserv_ids", example=example)
    for index, name in enumerate(found):
        if not _AUTHSERV_ID.fullmatch(name):
            spot = table.at("authserv_ids").inside(index)
            table.reading.error(spot, f"{quoted_text(name)} is no name of a server: write authserv_ids = {example}")
    return found


def _after(table: Table) -> tuple[str, str]:
    """What becomes of a message once it is durable here."""
    value = table.raw("after")
    match value:
        case None:
            return "move", "Processed"
        case {"move": str(folder), **rest} if folder.isprintable() and folder.strip() and not rest:
            return "move", _folder(folder)
        case "seen" | "delete" | "leave":
            return str(value), "Processed"
    near = did_you_mean(value, ("seen", "delete", "leave")) if isinstance(value, str) else ""
    table.error("after", f'must be {{ move = "FOLDER" }}, "seen", "delete" or "leave"{near}')
    return "move", "Processed"


def _folder(name: str) -> str:
    """The one name that has no case, in the spelling by which folders are compared. RFC 3501 5.1."""
    return "INBOX" if name.upper() == "INBOX" else name


def _existing(text: str) -> str | timedelta:
    if text in ("skip", "take"):
        return text
    try:
        return units.duration(text)
    except ValueError:
        options = ("skip", "take")
        raise ValueError(
            f'{one_of(options)}, or an age such as "3d", not {quoted_text(text)}{did_you_mean(text, options)}'
        ) from None


def host(text: str) -> str:
    """A host name or IP address. Raises ValueError."""
    if not _HOST.fullmatch(text):
        raise ValueError(f"{quoted_text(text)} is no host: write a name or an IP address; the port stands in port")
    return text
