"""The address in From of a mail of ours: it decides on the relay and on the DKIM key. Pure."""

from __future__ import annotations

import re

from mailgate.mail import header_of, normalise

_FROM = re.compile(rb"(?im)^from[ \t]*:(.*(?:\r?\n[ \t].*)*)")
_ADDRESS = re.compile(r"<([^<>\s]+@[^<>\s]+)>|([^\s<>,\"]+@[^\s<>,\"]+)")


def sender_of(data: bytes) -> str:
    """The address in From as addresses are compared; "" where there is none."""
    found = _FROM.search(header_of(data))
    if found is None:
        return ""
    addresses = _ADDRESS.findall(" ".join(found[1].decode("utf-8", "replace").split()))
    in_angles = [address for address, _ in addresses if address]
    bare = [address for _, address in addresses if address]
    return normalise(next(iter((*in_angles, *bare)), ""))
