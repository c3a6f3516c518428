"""The names of charsets, as mail programs write them, to the codecs that read them: a table and two rules.

The labels are those of the WHATWG Encoding Standard (4.2), without case and punctuation, so that `CP-1252`,
`windows_1252` and `x-cp1252` are one; and what only mail has. A label means the superset that its
bytes really are: ISO-8859-1 is Windows-1252.
"""

from __future__ import annotations

import re
from functools import lru_cache

MAX_LABEL = 60  # characters
_PUNCTUATION = re.compile(r"[^a-z0-9]+")
_TABLE = {
    "utf-8": "utf8 unicode11utf8 unicode20utf8 xunicode20utf8 unicode utf8mb4 uft8 utf cp65001",
    "cp1252": (
        "windows1252 cp819 csisolatin1 ibm819 iso88591 isoir100 iso885911987 l1 latin1 ansi ansix31101983 cp28591"
    ),
    # They say nothing of bytes beyond ASCII.
    "": "ascii usascii us ansix341968 7bit 8bit unknown8bit xunknown unknown userdefined iso646us csascii cp20127",
    "cp866": "csibm866",
    "iso8859-2": "csisolatin2 isoir101 cp28592 iso885921987 l2 latin2",
    "iso8859-3": "csisolatin3 isoir109 cp28593 iso885931988 l3 latin3",
    "iso8859-4": "csisolatin4 isoir110 cp28594 iso885941988 l4 latin4",
    "iso8859-5": "csisolatincyrillic cyrillic isoir144 iso885951988 cp28595",
    "iso8859-6": (
        "arabic asmo708 csiso88596e csiso88596i csisolatinarabic ecma114 cp28596 iso88596e iso88596i isoir127 "
        "iso885961987"
    ),
    "iso8859-7": "csisolatingreek ecma118 elot928 greek greek8 isoir126 iso885971987 cp28597 suneugreek",
    "iso8859-8": (
        "csiso88598e csisolatinhebrew hebrew iso88598e iso88598i isoir138 iso885981988 visual cp28598 cp38598 "
        "csiso88598i logical"
    ),
    "cp1254": "iso88599 csisolatin5 isoir148 cp28599 iso885991989 l5 latin5",
    "iso8859-10": "csisolatin6 isoir157 l6 latin6",
    "iso8859-15": "csisolatin9 l9 latin9 latin0 cp28605",
    "koi8-r": "cskoi8r koi koi8 koi8r cp20866",
    "koi8-u": "koi8ru koi8u cp21866",
    "mac_roman": "csmacintosh mac macintosh macroman cp10000",
    "mac_cyrillic": "maccyrillic macukrainian",
    "cp874": "iso885911 tis620",
    "gb18030": (
        "gb18030 chinese csgb2312 csiso58gb231280 gb2312 gb231280 gbk isoir58 euccn cngb cp936 cp54936 cp20936"
    ),
    "hz": "hzgb2312 cp52936",
    "big5hkscs": "big5 big5hkscs cnbig5 csbig5 xbig5 cp950",
    "euc_jp": "cseucpkdfmtjapanese eucjp cp51932 cp20932",
    "iso2022_jp_ext": "csiso2022jp iso2022jp cp50220 cp50221 cp50222",
    "cp932": "csshiftjis ms932 mskanji shiftjis sjis windows31j cp943c",
    "cp949": "cseuckr csksc56011987 euckr isoir149 korean ksc56011987 ksc56011989 ksc5601 cp51949 uhc",
    "iso2022_kr": "csiso2022kr iso2022kr cp50225",
    "utf-16-be": "unicodefffe utf16be cp1201",
    "utf-16": "csunicode iso10646ucs2 ucs2 unicodefeff utf16 cp1200",
    "utf-16-le": "utf16le",
    "utf-7": "utf7 unicode11utf7 unicode20utf7 cp65000",
}
_CODECS = {label: codec for codec, labels in _TABLE.items() for label in labels.split()}
# "IBM-850", "x-cp1251", "win-1250", "DOS866": a code page by its number; "8859_15" a part of ISO 8859.
_NUMBERED = re.compile(r"(?:cp|windows|win|wincp|ibm|ms|dos|codepage|oem|ansicp)(\d{3,5})$")
_PART = re.compile(r"(?:iso|csiso)?8859([1-9]|1[0-6])$")


@lru_cache(64)  # the many words and parts of a mail have few charsets
def codec(declared: str) -> str:
    """The codec for a declared charset; where it is not known the name itself, for Python may know it. "" for none."""
    name = declared[:MAX_LABEL].strip(" '\"\t").lower().partition("*")[0]  # RFC 2231 5: a language may follow
    label = _PUNCTUATION.sub("", name)
    plain = label if label in _CODECS else label.removeprefix("x") if name.startswith("x") else label
    if found := _NUMBERED.match(plain):
        plain = f"cp{found[1]}"
    elif found := _PART.match(plain):
        plain = f"iso8859{found[1]}"
        return _CODECS.get(plain, f"iso8859-{found[1]}")
    return _CODECS.get(plain, plain if _NUMBERED.match(plain) else name)
