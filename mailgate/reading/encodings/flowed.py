"""Text of `format=flowed` into the paragraphs that were typed (RFC 3676)."""

from __future__ import annotations


def join(text: str, *, delsp: bool = False) -> str:
    """Join flowed lines; quote depth and the signature line are respected.

    `delsp` also drops the blank that marks a soft line end (RFC 3676 4.5), as languages
    without blanks between words need it.
    """
    paragraphs: list[list[str]] = []  # in pieces: a line that grows by each one costs the square of their number
    open_depth = -1  # depth of the paragraph that is still open, or -1
    for line in text.split("\n"):
        depth, content = _quote(line)
        signature = content == "-- "  # RFC 3676 4.3: never flowed
        flows = content.endswith(" ") and not signature
        piece = content[:-1] if flows and delsp else content
        if open_depth == depth and not signature:
            paragraphs[-1].append(piece)
        else:
            paragraphs.append([">" * depth + (" " if depth and content else ""), piece])
        open_depth = depth if flows else -1
    lines = ("".join(pieces) for pieces in paragraphs)
    return "\n".join(line if line == "-- " else line.rstrip(" ") for line in lines)


def _quote(line: str) -> tuple[int, str]:
    """Quote depth and the content without its stuffed blank (RFC 3676 4.4, 4.5)."""
    content = line.lstrip(">")
    depth = len(line) - len(content)
    return depth, content.removeprefix(" ")
