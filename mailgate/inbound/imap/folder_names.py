"""Folder names: in which namespace a configured name is, and which folder is for junk.

Pure. A configured name is written as people see it ("Processed", "Archive/Support"); some servers
have all folders below "INBOX.", others separate levels with "." (RFC 2342).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

JUNK = b"\\Junk"  # RFC 6154 2
_NOT_SELECTABLE = (b"\\noselect", b"\\nonexistent")


@dataclass(frozen=True, slots=True)
class Namespaces:
    """The namespaces of a server (RFC 2342): prefix and separator of the personal one, prefixes of the others."""

    prefix: str = ""
    separator: str = "/"
    others: tuple[str, ...] = ()


def namespaces(found: Sequence[Sequence[Sequence[str | None]] | None]) -> Namespaces:
    """Of a NAMESPACE response: personal, other users', shared; each a list of prefix and separator, or None."""
    personal, *rest = found
    prefix, separator = personal[0] if personal else ("", "/")
    others = tuple(str(each[0]) for group in rest for each in group or () if each[0])
    return Namespaces(prefix or "", separator or "", others)


def full_name(name: str, spaces: Namespaces) -> str:
    """The name of a folder as the server has it."""
    inbox = ("INBOX", f"INBOX{spaces.separator}") if spaces.separator else ("INBOX",)
    if name.upper() == inbox[0] or name.upper().startswith(inbox[1:]):  # RFC 3501 5.1
        return name
    if spaces.others and name.startswith(spaces.others):
        return name
    if spaces.separator not in ("", "/") and spaces.separator not in name:
        name = name.replace("/", spaces.separator)
    return name if name.startswith(spaces.prefix) else spaces.prefix + name


def junk_folder(
    wanted: str | None, listed: Iterable[tuple[Iterable[bytes], str]], usual: str, spaces: Namespaces
) -> str:
    """Where junk goes: the `wanted` folder, else the one that the server marks, else the provider's `usual` one.

    "" for nowhere: `wanted` is "", or there is no such folder. `listed` are flags and name of each folder.
    """
    if wanted is not None:
        return full_name(wanted, spaces) if wanted else ""
    names = set()
    for flags, name in listed:
        folded = [flag.lower() for flag in flags]
        if not any(flag in folded for flag in _NOT_SELECTABLE):
            names.add(name)
            if JUNK.lower() in folded:
                return name
    return usual if usual in names else ""
