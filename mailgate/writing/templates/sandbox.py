"""The Jinja2 sandbox of templates, with `{% say %}` and our filters.

A template reads what it is given and changes nothing. Which template a notice takes is
`render`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from functools import cache, lru_cache
from types import CodeType
from typing import Any
from unicodedata import bidirectional

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    Environment,
    PrefixLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    select_autoescape,
)
from jinja2.bccache import Bucket
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from mailgate.rules.text.moments import stopped
from mailgate.writing.templates.folders import Folder
from mailgate.writing.views.links import Link
from mailgate.writing.views.views import (
    AgentView,
    AnswerView,
    EntryView,
    FileView,
    ListingView,
    MailView,
    OtherView,
    RequesterView,
    SimilarView,
    TicketView,
)
from mailgate.writing.views.words import UnknownPhrase, Words

_STRONG = frozenset({"L", "R", "AL"})  # the classes of letters
_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)")


class Compiled(BytecodeCache):
    """Bytecode in memory, by the path of a template and the checksum of its text."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Put the known code into the bucket, if there is any."""
        bucket.code = self._known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[bucket.key, bucket.checksum] = bucket.code


_COMPILED = Compiled()

_VIEWS = (
    *(RequesterView, AgentView, TicketView, EntryView, FileView),
    *(SimilarView, OtherView, MailView, ListingView, AnswerView, Link),
)
# What a template may read of our views: looking it up here is ten times as cheap as asking the sandbox.
_OPEN = {view: frozenset(name for name in dir(view) if not name.startswith("_")) for view in _VIEWS} | {
    LoopContext: frozenset({"first", "last", "index"})
}


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, without its checks for fields of our own views, which are plain data."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The value of `obj.attribute` in a template."""
        if attribute in _OPEN.get(type(obj), ()):
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The globals of a template; as one plain dict, for each rendering copies them."""
        return {**self.globals, **(d or {})}


class _Loader(BaseLoader):
    """Gives templates without their header lines, and with the phrases that they say.

    Line numbers stay as they are in the file. `places`: folders, and where in each of them templates are looked for.
    """

    def __init__(self, places: Sequence[tuple[Folder, str]], words: Words) -> None:
        self._places = places
        self._words = words

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:
        del environment
        found = ((folder, f"{below}{template}") for folder, below in self._places)
        folder, name = next(((folder, name) for folder, name in found if name in folder.files), (None, ""))
        if folder is None:
            raise TemplateNotFound(template)
        source, path = folder.text(name), str(folder.path / name)
        if template.endswith(".txt"):
            lines = len(headers_of(source))
            if lines:
                body = source.split("\n", lines)[lines]
                source = "{#" + "\n" * lines + "-#}" + body
        try:
            return self._words.expanded(source, html=template.endswith(".html")), path, None
        except UnknownPhrase as error:
            raise TemplateSyntaxError(error.what, error.line, template, path) from error


def headers_of(source: str) -> tuple[tuple[str, str], ...]:
    """The header lines that open a template; none unless an empty line ends them."""
    found: list[tuple[str, str]] = []
    for line in source.split("\n"):
        match = _HEADER.fullmatch(line.rstrip("\r"))
        if not match:
            return () if line.strip() else tuple(found)
        found.append((match[1], match[2]))
    return ()


def environment(folders: Sequence[Folder], language: str, words: Words) -> Environment:
    """A sandbox in which a template changes nothing; `@N/` names a template of one folder."""
    exact = {f"@{number}": _Loader([(folder, "")], words) for number, folder in enumerate(folders)}
    below = (f"{language}/", "") if language else ("",)
    places = [(folder, each) for folder in folders for each in below]
    environment = _Sandbox(
        loader=ChoiceLoader([PrefixLoader(exact), _Loader(places, words)]),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html",), default_for_string=False),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        bytecode_cache=_COMPILED,
    )
    environment.filters["paragraphs"] = paragraphs
    environment.filters["lines"] = lines
    environment.filters["quoted"] = quoted
    environment.filters["inline"] = inline
    environment.filters["direction"] = direction
    environment.filters["stopped"] = stopped  # put in where phrases are read
    return environment


@cache
def _texts() -> Environment:
    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=select_autoescape(default_for_string=False),
        trim_blocks=True,
        lstrip_blocks=True,
    )


@lru_cache(1000)
def _compiled(source: str) -> Template:
    return _texts().from_string(source)


def fill(source: str, values: Mapping[str, object]) -> str:
    """Fill a template that stands in the configuration, in the same sandbox. Raises whatever a template raises."""
    return _compiled(source).render(values)


def broken(error: Exception) -> str:
    """The fault of a template as text."""
    if isinstance(error, TemplateSyntaxError):
        return f"line {error.lineno} of the text: {error.message or 'this is no template'}"
    return f"{type(error).__name__}: {error}"


def paragraphs(text: str) -> Markup:
    """Return plain text as HTML paragraphs, with its line breaks and indentation, each in its own direction."""
    blocks = str(escape(text)).replace("  ", "&nbsp; ").split("\n\n")
    said = (
        (direction(plain), block.strip("\n").replace("\n", "<br>\n"))
        for plain, block in zip(text.split("\n\n"), blocks, strict=True)
        if block.strip()
    )
    made = (f'<p{where} style="margin:0 0 16px">{block}</p>' for where, block in said)
    return Markup("\n".join(made))  # noqa: S704 - escaped above


def lines(text: str) -> Markup:
    """Return plain text as HTML within a paragraph, with its line breaks."""
    return _directed(text, str(escape(text)).replace("\n", "<br>\n"), ' style="display:block"')


def inline(text: str) -> Markup:
    """Return a short text, such as a subject, as HTML in which its direction is kept apart from that around it."""
    return _directed(text, str(escape(text)), "")


def _directed(text: str, html: str, style: str) -> Markup:
    wrapped = f"<span{direction(text)}{style}>{html}</span>" if direction(text) else html
    return Markup(wrapped)  # noqa: S704 - the callers escape it


def direction(text: str) -> Markup:
    """Return the attribute of an HTML element that holds a text written from right to left, with a blank before it.

    It is said outright, since Word, which draws Outlook's mails, does not know `dir="auto"`. The first letter decides
    (UAX 9, P2 and P3).
    """
    if text.isascii():
        return Markup()
    found = (bidirectional(character) for character in text)
    first = next((each for each in found if each in _STRONG), "L")
    return Markup() if first == "L" else Markup(' dir="rtl"')


def quoted(text: str) -> str:
    """Return text with "> " before each line (RFC 3676 4.5)."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


_MOST = 2000  # templates kept: some fifty times what is shipped in one language
