"""Text of `format=flowed` into the paragraphs that were typed (RFC 3676)."""

from __future__ import annotations


def join(text: str, *, delsp: bool = False) -> str:
    """Join flowed lines; quote depth and the signature line are respected.

    `delsp` also drops the blank that marks a soft line end (RFC 3676 4.5), as languages
    without blanks between words need it.
    """
    out: list[str] = []
    open_depth = -1  # depth of the paragraph that is still open, or -1
    for line in text.split("\n"):
        depth, content = _quote(line)
        signature = content == "-- "  # RFC 3676 4.3: never flowed
        if open_depth == depth and not signature:
            out[-1] += content
        else:
            out.append(">" * depth + (" " if depth and content else "") + content)
        flows = content.endswith(" ") and not signature
        if flows and delsp:
            out[-1] = out[-1][:-1]
        open_depth = depth if flows else -1
    return "\n".join(line if line == "-- " or not line.endswith(" ") else line.rstrip(" ") for line in out)


def _quote(line: str) -> tuple[int, str]:
    """Quote depth and the content without its stuffed blank (RFC 3676 4.4, 4.5)."""
    content = line.lstrip(">")
    depth = len(line) - len(content)
    return depth, content.removeprefix(" ")
