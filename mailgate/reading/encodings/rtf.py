"""Rich Text Format into text, or into the HTML that Outlook hid in it (MS-OXRTFEX).

Reads what is said and leaves out how it looks: fonts, pictures, fields' instructions. One pass over
the tokens, linear and bounded; never raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from mailgate.reading.encodings import charset

MAX_BYTES = 1_000_000
TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?\d{1,9})? ?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z'])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\", re.DOTALL
)
# Control words and symbols that stand for characters.
_SYMBOLS = {
    "par": "\n",
    "line": "\n",
    "sect": "\n",
    "page": "\n",
    "row": "\n",
    "tab": "\t",
    "cell": "\t",
    "nestcell": "\t",
    "nestrow": "\n",
    "emdash": "—",
    "endash": "–",
    "bullet": "•",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "emspace": "\u2003",
    "enspace": "\u2002",
    "~": "\xa0",
    "_": "\u2011",
    "\\": "\\",
    "{": "{",
    "}": "}",
    "\n": "\n",
    "\r": "\n",
}
# Groups that hold no words; those that begin with \* are skipped without being named here.
_WORDLESS = (
    "colortbl stylesheet info pict object header headerl headerr headerf footer footerl footerr footerf filetbl "
    "listtable revtbl nonshppict private template"
)
_SKIPPED = frozenset(_WORDLESS.split())
# Windows charset numbers of fonts (RTF 1.9.1, \fcharset) that are not the document's own.
_CHARSETS = {
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    134: "gb18030",
    136: "big5",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp850",
}
_PLATFORMS = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}


@dataclass(frozen=True, slots=True)
class Document:
    """What a document says: as HTML where it was made of HTML, else as text."""

    text: str = ""
    html: str = ""


class _State(NamedTuple):
    """What holds within a group."""

    skipped: bool = False  # a destination without words
    fonts: bool = False  # the font table
    tag: bool = False  # \*\htmltag: HTML as it was
    rtf_only: bool = False  # \htmlrtf: what HTML has otherwise
    hidden: bool = False
    codepage: str = ""  # "": the document's
    font: int = -1
    fallback: int = 1  # \uc: characters after \u for readers that know no Unicode


def read(data: bytes) -> Document:
    """Read a document; an empty one for what is no RTF."""
    data = data[:MAX_BYTES]
    return _Reader(data).read() if data.lstrip().startswith(b"{\\rtf") else Document()


class _Reader:
    """Walks the tokens of one document."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.out: list[str] = []
        self.bytes = bytearray()  # not decoded yet: a character may have two
        self.codepage = "cp1252"
        self.fonts: dict[int, str] = {}
        self.state = _State()
        self.stack: list[_State] = []
        self.starred = False  # \* stands before
        self.skip = 0  # characters of a \u's fallback that are still to come
        self.html = False

    def read(self) -> Document:
        at = 0
        while found := TOKEN.match(self.data, at):
            at = found.end()
            word, number, code, symbol, brace, plain = found.groups()
            if brace:
                self._brace(opens=brace == b"{")
            elif word:
                at += self._word(word.decode("ascii"), int(number) if number else None)
            elif symbol == b"*":
                self.starred = True
            elif symbol:
                self._symbol(symbol.decode("latin-1"))
            elif code or plain:
                self._put(bytes((int(code, 16),)) if code else plain)
        self._flush()
        # \u counts in units of UTF-16.
        text = "".join(self.out).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "")
        return Document(html=text) if self.html else Document(text)

    def _brace(self, *, opens: bool) -> None:
        self._flush()
        self.skip = 0
        self.starred = False
        if opens:
            self.stack.append(self.state)
        elif self.stack:
            self.state = self.stack.pop()

    def _word(self, word: str, number: int | None) -> int:
        """Obey a control word; returns how many bytes behind it are data."""
        starred, self.starred = self.starred, False
        if word == "bin":
            return max(number or 0, 0)
        if word == "u" and number is not None:
            self._flush()
            self._say(chr(number & 0xFFFF))
            self.skip = self.state.fallback
        elif word in _SYMBOLS:
            self._symbol(word)
        elif not self._destination(word, starred=starred):
            self._format(word, number)
        return 0

    def _destination(self, word: str, *, starred: bool) -> bool:
        """Whether the word names what its group is for."""
        if word == "fonttbl":
            self.state = self.state._replace(fonts=True)
        elif word == "htmltag" and starred:
            self.state = self.state._replace(tag=True)
        elif word in _SKIPPED or starred:
            self.state = self.state._replace(skipped=True)
        else:
            return False
        return True

    def _format(self, word: str, number: int | None) -> None:
        state = self.state
        match word:
            case "fromhtml":
                self.html = number != 0
            case "htmlrtf":
                self._flush()
                self.state = state._replace(rtf_only=number != 0)
            case "v" | "deleted":
                self._flush()
                self.state = state._replace(hidden=number != 0)
            case "uc":
                self.state = state._replace(fallback=max(number or 0, 0))
            case "ansicpg" if number:
                self.codepage = f"cp{number}"
            case "mac" | "pc" | "pca":
                self.codepage = _PLATFORMS[word]
            case "f":
                codepage = self.fonts.get(number or 0, "")
                if codepage != state.codepage:
                    self._flush()
                self.state = state._replace(font=number or 0, codepage=codepage)
            case "fcharset" if state.fonts:
                self.fonts[state.font] = _CHARSETS.get(number or 0, "")
            case "plain":
                self._flush()
                self.state = state._replace(hidden=False, codepage="")

    def _symbol(self, name: str) -> None:
        self.starred = False
        if self.skip:  # it may be what a \u falls back to
            self.skip -= 1
            return
        self._flush()
        self._say(_SYMBOLS.get(name, ""))

    def _put(self, data: bytes) -> None:
        skipped = min(self.skip, len(data))
        self.skip -= skipped
        self.bytes += data[skipped:]

    def _flush(self) -> None:
        """Decode the bytes up to here, which have one charset."""
        if self.bytes:
            self._say(charset.decode(bytes(self.bytes), self.state.codepage or self.codepage))
            self.bytes.clear()

    def _say(self, text: str) -> None:
        state = self.state
        silent = state.skipped or state.fonts or state.hidden
        if not silent and (state.tag or not (self.html and state.rtf_only)):
            self.out.append(text)
