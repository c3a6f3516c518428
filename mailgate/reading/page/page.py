"""HTML bodies: their lines, what in them is quoted, and a clean copy.

The door of selectolax, which sees capped input only. It knows the
containers in which mail programs put quoted mail; the rules for plain text lines are
`mailgate.reading.quotes.split`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mailgate.reading.page import colours, limits, sanitise
from mailgate.reading.page.lists import STRIKE, STRUCK, Lists
from mailgate.reading.page.rows import Rows
from mailgate.reading.quotes.lines import Kind, Line

MAX_BORDERS = 200  # elements that are looked at
MAX_STYLE = 20_000  # characters of style sheets that are read
MAX_LINK = 300  # characters of a link that is shown; longer ones track their readers
_BLOCKS = (
    "address article aside blockquote body center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header "
    "hr html li main nav ol p pre section table tbody tfoot thead tr ul"
)
BLOCKS = frozenset(_BLOCKS.split())
_PARAGRAPHS = "h1 h2 h3 h4 h5 h6 p"
PARAGRAPHS = frozenset(_PARAGRAPHS.split())
_LISTS = frozenset({"ol", "ul"})
_HIDDEN = "head iframe math noscript object script select style svg template textarea title"
HIDDEN = frozenset(_HIDDEN.split())
# Containers of quoted mail: most programs call them so, the others by name. Gmail's div holds the answers as well.
QUOTES = (
    "[class*=quote i]:not(div[class*=gmail_quote]), [id*=quote i], blockquote[type=cite], blockquote[cite], "
    ".gmail_attr, .moz-cite-prefix, .zmail_extra, .moz-forward-container > .moz-email-headers-table, #isReplyContent, "
    ".OutlookMessageHeader + *, "
    ".ms-outlook-mobile-reference-message"
)
# From these on everything that follows in the document is quoted mail, bare text among it.
TAILS = (
    "#divRplyFwdMsg, #appendonsend, #mail-editor-reference-message-container, #OLK_SRC_BODY_SECTION, "
    ".OutlookMessageHeader, #zwchr, hr[data-marker=__DIVIDER__], #stopSpelling, #replySplit"
)
SIGNATURES = "[class*=signature i], [id*=signature i], [name*=signature i], [id^=Zm-][id$=-Sgn]"
STRUCK_OUT = f"{', '.join(sorted(STRUCK))}, [style*=line-through i]"
HIDING = "[style*=display], [style*=DISPLAY], [style*=Display]"
OUTLOOK_BORDER = re.compile(
    r"border:\s*none;\s*border-top:\s*solid\s*#?\w+\s*1(?:\.0)?pt;\s*padding:\s*3(?:\.0)?pt\s", re.IGNORECASE
)
# Word's rule for its paragraphs; Outlook's own leaves no space between them, that of some templates does.
WORD_SPACE = re.compile(r"\.MsoNormal\b[^{}]{0,200}\{[^}]{0,400}margin-bottom:\s*(?:[1-9]|0?\.[1-9])", re.IGNORECASE)
ZERO = re.compile(r"[-+]?0*(?:\.0\d*)?(?:pt|px|cm|mm|in|em|rem|%)?|auto")
SPACE = re.compile(r"[ \t\r\n\f]+")
_NO_COLOURS: frozenset[str] = frozenset()  # one for all lines: Python makes each empty set anew


def to_text(page: str) -> str:
    """The readable text of a page, quoted parts marked with `>`."""
    return Page(page).text()


class Page:
    """One parsed page: its lines, and a clean copy of what is the sender's own."""

    def __init__(self, page: str) -> None:
        self._tree = LexborHTMLParser(limits.bounded(page))
        self._marks = _marks(self._tree)
        self._tail = _tail(self._tree)
        self._tight = _tight(self._tree)
        self._lines: list[Line] | None = None
        self._text: str | None = None
        self.quoted_pictures: frozenset[str] = frozenset()  # Content-IDs, where no own line is near

    def text(self) -> str:
        """The readable text, quoted parts marked with `>`."""
        if self._text is None:
            self._text = "\n".join(map(str, self.lines())).strip("\n")
        return self._text

    def lines(self) -> list[Line]:
        """The lines as a reader sees them; those in quote containers are marked."""
        if self._lines is None:
            hidden = frozenset(node.mem_id for node in self._tree.css(HIDING) if _hides(node))
            struck = frozenset(node.mem_id for node in self._tree.css(STRUCK_OUT))
            writer = _Writer(self._marks, self._tail, hidden, self._tight, struck, _colours(self._tree))
            self._lines = writer.write(self._tree.body or self._tree.root)
            self.quoted_pictures = frozenset(writer.quoted)
        return self._lines

    def own(self) -> str:
        """The page without what mail programs mark as quoted or signature, sanitised.

        It takes the page apart: what `lines` did not say by now it says no more.
        """
        for node in self._tree.css("p"):
            if node.mem_id in self._tight:
                node.attrs["style"] = sanitise.TIGHT
        for start in [node for node in self._tree.css("*") if node.mem_id in self._tail][:1]:
            for node in reversed(list(_from_here(start))):
                node.decompose()
        if self._marks:
            for node in reversed([node for node in self._tree.css("*") if node.mem_id in self._marks]):
                node.decompose()
        return sanitise.clean((self._tree.body.inner_html or "") if self._tree.body else "")


def _marks(tree: LexborHTMLParser) -> dict[int, Kind]:
    """Which elements hold quoted mail or a signature, by identity."""
    marks = {node.mem_id: Kind.SIGNATURE for node in tree.css(SIGNATURES)}
    return marks | {node.mem_id: Kind.QUOTE for node in tree.css(QUOTES)}


def _tail(tree: LexborHTMLParser) -> frozenset[int]:
    """The elements from which on all is quoted, by identity; the first in the document takes the others with it."""
    borders = [node for node in tree.css("div[style*=border-top]")[:MAX_BORDERS] if _is_outlook_border(node)]
    return frozenset(node.mem_id for node in (*tree.css(TAILS)[:1], *borders[:1]))


def _tight(tree: LexborHTMLParser) -> frozenset[int]:
    """The paragraphs without space above and below, by identity: each is a line, an empty one the space between."""
    spaced = any(WORD_SPACE.search(node.text()[:MAX_STYLE]) for node in tree.css("style"))
    return frozenset(node.mem_id for node in tree.css("p") if _is_tight(node, spaced=spaced))


def _colours(tree: LexborHTMLParser) -> dict[int, str]:
    """The family of each element that sets a colour, by identity; "" for black and its like."""
    styled = ((node, node.attributes.get("style") or "") for node in tree.css("[style*=color i]"))
    found = {node.mem_id: colour for node, style in styled if (colour := colours.of_style(style)) is not None}
    return found | {node.mem_id: colours.family(node.attributes.get("color") or "") for node in tree.css("font[color]")}


def _is_tight(node: LexborNode, *, spaced: bool) -> bool:
    """Whether a paragraph's style or, of Word's, its class leaves no space around it."""
    word = not spaced and (node.attributes.get("class") or "").startswith("Mso")
    top = bottom = "0" if word else ""
    for declaration in (node.attributes.get("style") or "").lower()[:MAX_STYLE].split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        values = value.split()
        if name == "margin" and values:
            top, bottom = values[0], values[2 if len(values) > 2 else 0]
        elif name == "margin-top":
            top = value
        elif name == "margin-bottom":
            bottom = value
    return bool(top and bottom and ZERO.fullmatch(top) and ZERO.fullmatch(bottom))


def _is_outlook_border(node: LexborNode) -> bool:
    return bool(OUTLOOK_BORDER.search(node.attributes.get("style") or ""))


def _link(node: LexborNode) -> str:
    """Where a link leads, when its text does not already say so."""
    target = (node.attributes.get("href") or "").strip()
    if len(target) > MAX_LINK or not target.lower().startswith(("http://", "https://")):
        return ""
    said = "".join(node.text().split()).lower().rstrip("/")
    plain = target.lower().rstrip("/")
    return "" if not said or said in {plain, plain.partition("//")[2], plain.partition("//www.")[2]} else target


def _hides(node: LexborNode) -> bool:
    return "display:none" in "".join((node.attributes.get("style") or "").lower().split())


def _from_here(node: LexborNode) -> Iterator[LexborNode]:
    """A node and everything that follows it in the document."""
    current: LexborNode | None = node
    yield node
    while current is not None and current.tag not in {"body", "html"}:
        sibling = current.next
        while sibling is not None:
            yield sibling
            sibling = sibling.next
        current = current.parent


@dataclass(frozen=True, slots=True)
class _Close:
    """The end of an element, with what held before it."""

    tag: str
    level: int
    kind: Kind
    link: str = ""
    struck: bool = False  # its words are struck out
    colour: str = ""
    lines: int = -1  # how many there were where a paragraph without space began; -1 for any other element


class _Writer:
    """Writes the lines of one page, in one walk without recursion."""

    def __init__(
        self,
        marks: dict[int, Kind],
        tail: frozenset[int],
        hidden: frozenset[int],
        tight: frozenset[int],
        struck_out: frozenset[int],
        coloured: Mapping[int, str],
    ) -> None:
        self.marks = marks
        self.tail = tail
        self.ended = False  # the tail has begun
        self.hidden = hidden
        self.tight = tight  # paragraphs without space around them
        self.struck_out = struck_out
        self.coloured = coloured  # in which elements are written
        self.colour = ""
        self.seen: set[str] = set()  # colours of the row
        self.lists = Lists()
        self.mark = ""  # of a list item, until its first words
        self.struck = 0  # elements of struck out words that are open
        self.strikes = False  # whether words of them are in the row
        self.lines = Rows()
        self.row: list[str] = []
        self.pictures: list[str] = []  # of the row
        self.quoted: set[str] = set()  # pictures without any text in a container of quoted mail
        self.filled = False  # whether the row holds more than blanks
        self.level = 0
        self.kind = Kind.OWN
        self.pre = 0

    def write(self, root: LexborNode | None) -> list[Line]:
        stack: list[LexborNode | _Close] = [root] if root is not None else []
        while stack:
            node = stack.pop()
            if isinstance(node, _Close):
                self._leave(node)
                continue
            tag = node.tag or ""
            follower = node.next
            if follower is not None and node is not root:
                stack.append(follower)
            if tag == "-text":
                self._text(node.text_content or "")
            elif tag[:1] not in "-_!" and tag not in HIDDEN and node.mem_id not in self.hidden:
                mark = self.marks.get(node.mem_id)
                struck = node.mem_id in self.struck_out
                if mark or struck or tag in BLOCKS:
                    lines = self._begun(node, tag)
                    stack.append(_Close(tag, self.level, self.kind, lines=lines, struck=struck, colour=self.colour))
                elif tag == "a" and (link := _link(node)):
                    stack.append(_Close(tag, self.level, self.kind, link, colour=self.colour))
                elif node.mem_id in self.coloured:
                    stack.append(_Close("", self.level, self.kind, colour=self.colour))
                self._enter(node, tag, mark)
                child = node.child
                if child is not None:
                    stack.append(child)
        self._end_line()
        return self.lines.all()

    def _begun(self, node: LexborNode, tag: str) -> int:
        if tag != "p" or node.mem_id not in self.tight:
            return -1
        self._end_line()
        return len(self.lines.first)

    def _enter(self, node: LexborNode, tag: str, mark: Kind | None) -> None:
        self.struck += node.mem_id in self.struck_out
        self.colour = self.coloured.get(node.mem_id, self.colour)
        if tag in BLOCKS:
            self._enter_block(node, tag)
        elif tag == "br":
            self._end_line(force=True)
        elif tag in {"td", "th"} and self.filled:
            self.row.append("  ")
        elif tag == "img":
            self._text(node.attributes.get("alt") or "")
            source = node.attributes.get("src") or ""
            if source[:4].lower() == "cid:":
                self.pictures.append(unquote(source[4:]))
        if mark and not self.ended:
            self._end_line()
            self.kind = mark
        if node.mem_id in self.tail and not self.ended:
            self._end_line()
            self.ended, self.kind = True, Kind.QUOTE

    def _enter_block(self, node: LexborNode, tag: str) -> None:
        self._end_line()
        if tag in PARAGRAPHS and node.mem_id not in self.tight:
            self._blank()
        elif tag in _LISTS:
            self.lists.begin(tag, node.attributes)
        elif tag == "li":
            self._end_item()
            self.mark = "  " * (self.lists.depth - 1) + self.lists.item(node.attributes)
        elif tag == "pre":
            self.pre += 1
        elif tag == "blockquote":
            self.level += 1

    def _leave(self, close: _Close) -> None:
        self.colour = close.colour
        if close.link or not close.tag:
            self.row.append(f" <{close.link}>" if close.link else "")
            return
        self.struck -= close.struck
        self._end_strike()
        if close.struck and close.tag not in BLOCKS:
            return
        self._end_line()
        if close.tag == "li":
            self._end_item()
        elif close.tag in _LISTS:
            self.lists.end()
        elif close.tag in PARAGRAPHS and close.lines in (-1, len(self.lines.first)):
            self._blank()
        self.pre -= close.tag == "pre"
        self.level, self.kind = close.level, Kind.QUOTE if self.ended else close.kind

    def _text(self, text: str) -> None:
        if self.pre:
            first, *more = text.replace("\r\n", "\n").split("\n")
            self._put(first)
            for line in more:
                self._end_line(force=True)
                self._put(line)
            return
        if "\n" in text or "  " in text or "\t" in text or "\r" in text:
            text = SPACE.sub(" ", text)
        if text == " " and (not self.row or self.row[-1].endswith(" ")):
            return
        if text:
            self._put(text)

    def _put(self, text: str) -> None:
        said = bool(text.strip())
        if said and self.mark:
            self.row = [self.mark]
            self.mark = ""
        if said and self.struck and not self.strikes:
            self.row.append(STRIKE)
            self.strikes = True
        self.row.append(text)
        self.filled = self.filled or said
        if said and self.colour:
            self.seen.add(self.colour)

    def _end_item(self) -> None:
        """A list item without any words is its mark."""
        if self.mark:
            self.row, self.mark = [self.mark], ""
            self._end_line()

    def _end_strike(self) -> None:
        if self.strikes and not self.struck:
            self.row.append(STRIKE)
            self.strikes = False

    def _end_line(self, *, force: bool = False) -> None:
        if self.strikes:
            self.row.append(STRIKE)
            self.strikes = False
        text = "".join(self.row).replace("\xa0", " ").rstrip()
        self.row = []
        self.filled = False
        pictures, self.pictures = tuple(self.pictures), []
        said = bool(text.strip())
        if not said and (self.kind is Kind.QUOTE or self.level):
            self.quoted.update(pictures)
        elif not said:
            self.lines.show_below(pictures)
        if said or force:
            shown = text.lstrip(" ") if not text.startswith("  ") else text
            seen = frozenset(self.seen) if self.seen else _NO_COLOURS
            self.lines.add(Line(shown, self.level, self.kind, pictures if said else (), seen))
        self.seen.clear()

    def _blank(self) -> None:
        self.lines.add(Line("", self.level, self.kind))
