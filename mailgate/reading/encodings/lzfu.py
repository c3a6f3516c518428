"""The compression of Outlook's rich text (MS-OXRTFCP): back references into a window of 4 kB.

The checksum is not compared: what can be read is read. Output is bounded; never raises.
"""

from __future__ import annotations

import struct

COMPRESSED, STORED = 0x75465A4C, 0x414C454D  # "LZFu", "MELA" (MS-OXRTFCP 2.1.3.1.1)
HEADER = struct.Struct("<IIII")  # compressed size, raw size, type, checksum
WINDOW = 4096
MAX_RAW = 1_000_000  # bytes
# What the window holds at the beginning (MS-OXRTFCP 2.1.2.1).
_PRESET = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


def decompress(data: bytes) -> bytes:
    """The RTF inside a PidTagRtfCompressed value; nothing for what is none."""
    if len(data) < HEADER.size:
        return b""
    _, raw_size, kind, _ = HEADER.unpack_from(data)
    if kind == STORED:
        return data[HEADER.size : HEADER.size + min(raw_size, MAX_RAW)]
    return _unpack(data, min(raw_size, MAX_RAW)) if kind == COMPRESSED else b""


def _unpack(data: bytes, most: int) -> bytes:
    """MS-OXRTFCP 2.2.2: a control byte, then eight literals or references, lowest bit first."""
    # The window is the end of what was written, so places in it count from the beginning of the preset.
    out = bytearray(_PRESET)
    end = len(_PRESET) + most
    at = HEADER.size
    while at < len(data) and len(out) < end:
        control, at = data[at], at + 1
        for bit in range(8):
            if not control >> bit & 1:
                out += data[at : at + 1]
                at += 1
                continue
            reference = int.from_bytes(data[at : at + 2])
            if at + 2 > len(data):
                break
            at += 2
            back = (len(out) - (reference >> 4)) % WINDOW
            if not back or back > len(out):  # a reference to the place of writing ends the stream
                return bytes(out[len(_PRESET) : end])
            length = (reference & 0xF) + 2
            start = len(out) - back
            out += (out[start : start + length] * length)[:length] if back < length else out[start : start + length]
    return bytes(out[len(_PRESET) : end])
