"""Which leaves of a message are its text and its HTML, and which are files (RFC 8621 4.1.4).

Nothing is decoded here but what distinguishes the kinds. Every leaf that is no body is a file, save
further forms of a body that was found (RFC 2046 5.1.4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mailgate.mail import Attachment
from mailgate.reading.encodings import transfer
from mailgate.reading.encodings.charset import Guesses
from mailgate.reading.mime import headers, reaction
from mailgate.reading.mime.parts import Part

HTML = "text/html"
RICH_FORMS = frozenset({"text/x-amp-html", "text/watch-html"})  # HTML for special readers, never better than the other
RTF = frozenset({"text/rtf", "application/rtf"})
ENRICHED = frozenset({"text/enriched", "text/richtext"})
# Text that is read wherever it stands unnamed. Other kinds of text are read where they are all there is
# (RFC 2046 4.1.4: an unknown kind is read as plain), and what these describe is shown as text or attached.
READ = frozenset({"text/plain", HTML, "text", "text/markdown", "text/x-markdown", *ENRICHED})
_DATA = "text/calendar text/vcard text/x-vcard text/directory text/csv text/rfc822-headers"
DATA = frozenset({*_DATA.split(), reaction.TYPE})
LARGE = 1_000_000  # bytes; a larger part is decoded only when it is wanted, piece by piece


@dataclass(slots=True)
class Leaves:
    """The leaves of one message, sorted: in `text` and `html` each form that shows it best."""

    text: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)


def sort(root: Part) -> Leaves:
    """Sort the leaves of a message."""
    found = Leaves()
    _sort((root,), "mixed", found)
    return found


def is_html(part: Part) -> bool:
    """True for what is written in HTML."""
    return part.type == HTML or part.type in RICH_FORMS


def _sort(parts: tuple[Part, ...], multipart: str, into: Leaves) -> None:
    """One level of a multipart; of alternatives each kind of text has its own list."""
    for place, part in enumerate(parts):
        if part.multipart:
            kind = part.type.removeprefix("multipart/")
            if kind == "alternative":
                _alternative(part, into)
            else:
                _sort(part.parts, kind, into)
        elif _is_body(part, place, multipart):
            into.text.append(part)
            into.html.append(part)
        else:
            into.files.append(part)


def _alternative(part: Part, into: Leaves) -> None:
    """RFC 2046 5.1.4: the same content in several forms; the richest last."""
    inner = Leaves()
    _sort(part.parts, "alternative", inner)
    plain = [leaf for leaf in inner.text if not is_html(leaf)]
    best = [leaf for leaf in plain if leaf.type == "text/plain"]
    plain = best if any(map(_says_something, best)) else plain
    rich = [leaf for leaf in inner.html if leaf.type == HTML] or [leaf for leaf in inner.html if is_html(leaf)]
    into.text.extend(plain if any(map(_says_something, plain)) else rich or plain)
    into.html.extend(rich or plain)
    into.files.extend(leaf for leaf in inner.files if not ((plain or rich) and _is_form(leaf)))


def _says_something(leaf: Part) -> bool:
    return bool(bytes(leaf.body[:LARGE]).strip())


def _is_form(part: Part) -> bool:
    """Among alternatives: the same words in a format that is not read."""
    return part.type.startswith("text/") and part.type not in DATA and not _is_named(part)


def _is_body(part: Part, place: int, multipart: str) -> bool:
    if disposed(part)[0] == "attachment":
        return False
    if part.type not in READ:
        return place == 0 and _is_text(part) and not _is_named(part)
    return place == 0 or (multipart != "related" and not _is_named(part))


def _is_text(part: Part) -> bool:
    """Words in whatever format; not what a program reads."""
    return (part.type.startswith("text/") and part.type not in DATA) or part.type in RTF


def is_file(part: Part) -> bool:
    """True for what its sender attached: it has a name, or says so (RFC 2183 2.2)."""
    return _is_named(part) or disposed(part)[0] == "attachment"


def _is_named(part: Part) -> bool:
    return bool(disposed(part)[1].get("filename") or part.params.get("name"))


def disposed(part: Part, guesses: Guesses | None = None) -> tuple[str, dict[str, str]]:
    """The Content-Disposition of a part (RFC 2183); an empty value when it has none.

    Without `guesses` an undeclared charset is not guessed: enough to see whether there is a name.
    """
    value, guesses = part.raw("content-disposition"), guesses or Guesses(0)
    return headers.parameters(headers.raw_text(value, guesses), guesses) if value else ("", {})


def decoded(part: Part) -> bytes:
    """The bytes of a leaf."""
    return transfer.decode(part.body, _encoding(part))


def head(part: Part, most: int) -> bytes:
    """The first bytes of a leaf."""
    return Attachment("", part.type, data(part)).head(most)


def pieces(part: Part) -> Iterator[bytes]:
    """The bytes of a leaf, decoded piece by piece."""
    return transfer.pieces(part.body, _encoding(part))


def data(part: Part) -> bytes | transfer.Encoded:
    """The bytes of a leaf; those of a large one are decoded when they are wanted."""
    return decoded(part) if len(part.body) <= LARGE else transfer.Encoded(part.body, _encoding(part))


def _encoding(part: Part) -> str:
    return part.raw("content-transfer-encoding").decode("latin-1")
