"""Which attachments a mail passes on: none of a blocked kind, and no more than it may hold.

Judges a file by its name and size alone: nothing is opened or unpacked. What is left out
is listed in the mail; an agent's reply that would lose a file is returned before that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from mailgate.mail import Attachment
from mailgate.notice import Notice, NoticeKind, wire_size
from mailgate.phrase import Phrase, phrase
from mailgate.rules.text.cleanup import seen
from mailgate.settings import Attachments
from mailgate.ticket import StoredAttachment

_PATH = re.compile(r"[/\\]")
_STREAM = re.compile(r"[:;]")  # "a.exe:b.txt" is a stream of a.exe on NTFS; old servers end a name at ";"
_ENDING = ". \t\"'"  # Windows drops dots and blanks at the end of a name

_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})
_SIGNATURE_NAMES = frozenset({"p7s", "sig", "signature.asc"})  # the end of a name, or all of it
# What names its author beside that: visiting cards, and what programs add: public keys, what only Outlook opens.
_CARDS = frozenset({"text/vcard", "text/x-vcard", "text/directory"})
_CARD_ENDINGS = frozenset({"vcf", "vcard"})
_ADDED = frozenset({"application/pgp-keys", "application/pkix-cert", "application/ms-tnef", "application/vnd.ms-tnef"})

# Requesters get files with an agent's words only; an acknowledgement never sends theirs back.
_WITH_WORDS = frozenset({NoticeKind.REPLY, NoticeKind.OPENED_FOR_YOU, NoticeKind.ASKED})
# Kinds whose files go by the larger limit: words of people passed on, and files that were asked for.
_SENT = _WITH_WORDS | {NoticeKind.ANSWER}


@dataclass(frozen=True, slots=True)
class Sorted:
    """The files of one mail: which go with it, which are too large for it, which are never passed on."""

    attached: tuple[StoredAttachment, ...] = ()
    too_large: tuple[StoredAttachment, ...] = ()
    blocked: tuple[StoredAttachment, ...] = ()


_NONE = Sorted()


def blocked(name: str, rules: Attachments) -> str:
    """Return the blocked extension that a file has ("exe"), whatever its name does to hide it; "" for none."""
    leaf = _PATH.split(seen(name))[-1]
    for part in _STREAM.split(leaf):
        _, dot, extension = part.rstrip(_ENDING).casefold().rpartition(".")
        if dot and extension.strip() in rules.block:
            return extension.strip()
    return ""


def of(notice: Notice, rules: Attachments) -> Sorted:
    """Sort the files of a notice by what a mail of its kind may hold."""
    if not notice.attachments or (notice.kind.to_requester and notice.kind not in _WITH_WORDS):
        return _NONE
    return sort(notice.attachments, rules.send_max if notice.kind in _SENT else rules.alert_max, rules)


def sort(files: Iterable[StoredAttachment], most: int, rules: Attachments) -> Sorted:
    """Sort the files of a mail; each goes with it that still fits into `most` bytes."""
    attached: list[StoredAttachment] = []
    too_large: list[StoredAttachment] = []
    never: list[StoredAttachment] = []
    for file in files:
        size = wire_size(file.size)
        if blocked(file.name, rules):
            never.append(file)
        elif size > most:
            too_large.append(file)
        else:
            most -= size
            attached.append(file)
    return Sorted(tuple(attached), tuple(too_large), tuple(never))


def parcels(files: Sequence[StoredAttachment], most: int) -> list[tuple[StoredAttachment, ...]]:
    """Share files out over mails of at most `most` bytes, in their order; each of them fits into one."""
    found: list[tuple[StoredAttachment, ...]] = []
    taken = 0
    for file in files:
        size = wire_size(file.size)
        if not found or taken + size > most:
            found.append(())
            taken = 0
        found[-1] = (*found[-1], file)
        taken += size
    return found


def is_signature(file: Attachment) -> bool:
    """Whether a file is the signature of a mail, which is none of a text sent anew."""
    name = seen(file.name).casefold()
    return file.type in _SIGNATURES or name in _SIGNATURE_NAMES or name.rpartition(".")[2] in _SIGNATURE_NAMES


def names_its_author(file: Attachment) -> bool:
    """Whether a file tells who sends it: a signature, a visiting card or a public key, whatever its name."""
    return added_by_programs(file) or _is_card(file)


def added_by_programs(file: Attachment) -> bool:
    """Whether mail programs add such a file to each mail by themselves: a signature, a public key, `winmail.dat`."""
    return is_signature(file) or file.type in _ADDED or _begins(file, b"-----BEGIN PGP PUBLIC KEY BLOCK")


def _is_card(file: Attachment) -> bool:
    ending = seen(file.name).casefold().rpartition(".")[2]
    return file.type in _CARDS or ending in _CARD_ENDINGS or _begins(file, b"BEGIN:VCARD")


def _begins(file: Attachment, words: bytes) -> bool:
    return file.head(200).lstrip(b"\xef\xbb\xbf \t\r\n").upper().startswith(words)


def unsendable(files: Sequence[StoredAttachment], rules: Attachments) -> Phrase | None:
    """Return why an agent's text cannot go out with all its files; None when it can."""
    for file in files:
        if extension := blocked(file.name, rules):
            return phrase("refused.file_blocked", name=seen(file.name), ending=extension)
    total = sum(wire_size(file.size) for file in files)
    if total <= rules.send_max:
        return None
    return phrase("refused.files_too_large", size=_rounded_up(total), most=_rounded_up(rules.send_max))


def _rounded_up(octets: int) -> Phrase:
    """A size that is never said to be as large as a smaller one that it exceeds by a tenth of a unit."""
    unit, name = (1_000_000, "size.megabytes") if octets >= 1_000_000 else (1000, "size.kilobytes")
    whole, tenth = divmod(ceil(octets / unit * 10), 10)
    return phrase(name, count=phrase("size.decimal", whole=whole, tenth=tenth) if tenth else whole)
