"""Notices into words: the Jinja2 templates, looked up, sandboxed and checked.

A template is `[SET/][LANGUAGE/]KIND.txt` (header lines, an empty line, the body) with a
`KIND.html` beside it; the administrator's folder comes before the shipped one. Only
this file and `compiled` name jinja2. It writes no mail; `compose` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
    select_autoescape,
)
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from mailgate.config.model import Config
from mailgate.errors import Problem
from mailgate.model import REQUESTER_KINDS, Notice, NoticeKind
from mailgate.outbound import identity
from mailgate.outbound.catalogue import FILE, check_words, languages, read_words
from mailgate.outbound.compiled import Compiled
from mailgate.outbound.for_agent import agent_view
from mailgate.outbound.for_requester import requester_view
from mailgate.outbound.headers import plain
from mailgate.outbound.links import Link
from mailgate.outbound.specimens import specimens
from mailgate.outbound.tables import blocks
from mailgate.outbound.views import (
    AgentView,
    EntryView,
    FileView,
    OtherView,
    Rendered,
    RequesterView,
    SimilarView,
    TicketView,
    View,
    values,
)
from mailgate.outbound.words import UnknownPhrase, Words
from mailgate.rules.keys import Keyring

_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)")
_KINDS = tuple(str(kind) for kind in NoticeKind)
# What a template may set: its subject where there is no ticket, and fields that steer no mail.
_ALLOWED = re.compile(r"(?i)(subject|importance|priority|organization|comments|keywords|x-(?!mailgate-|auto-).+)\Z")
_COMPILED = Compiled()
_NAME = re.compile(r"[^./\\][^/\\]*\Z")  # a set's or language's name is never a way out of the folder


# What a template may read of our views: looking it up here is ten times as cheap as asking the sandbox.
_OPEN = {
    view: frozenset(name for name in dir(view) if not name.startswith("_"))
    for view in (RequesterView, AgentView, TicketView, EntryView, FileView, SimilarView, OtherView, Link)
} | {LoopContext: frozenset({"first", "last", "index"})}


def shipped() -> Path:
    """Return the folder of the templates that come with mailgate: in the wheel, or in a checkout."""
    inside = Path(str(files("mailgate"))) / "templates"
    return inside if inside.is_dir() else inside.parent.parent / "templates"


@dataclass(frozen=True, slots=True)
class _Found:
    """The templates of one kind, set and language, compiled."""

    headers: tuple[tuple[str, Template], ...]
    text: Template
    html: Template | None


class Renderer:
    """Renders notices. Templates are read and compiled once; a new configuration makes a new one."""

    def __init__(self, templates: tuple[Path, ...] = ()) -> None:
        self._shipped = _Templates((shipped(),))
        self._own = _Templates((*templates, shipped())) if templates else None

    @classmethod
    def of(cls, config: Config) -> Renderer:
        """Return the renderer of a configuration."""
        return cls((config.templates,) if config.templates else ())

    def render(self, notice: Notice, config: Config, keyring: Keyring, now: datetime) -> Rendered:
        """Return the notice in words.

        A template of the administrator's that fails is answered by the shipped one, with
        the reason in `problem`: an alert never goes to nobody. `now` is aware UTC.
        """
        message_id = identity.message_id(notice, keyring, now)
        template_set = notice.ticket.template if notice.ticket else ""
        try:
            return (self._own or self._shipped).render(notice, template_set, config, message_id, now)
        except Exception as error:
            if not self._own:
                raise
            rendered = self._shipped.render(notice, "", config, message_id, now)
            return replace(rendered, problem=f"template {notice.kind}: {type(error).__name__}: {error}")

    def file(self, kind: NoticeKind) -> Path:
        """Return where the template of a kind lies, for mail of no set and language."""
        return (self._own or self._shipped).file(kind)

    def check(self) -> tuple[Problem, ...]:
        """Return what is wrong with the templates: each file is compiled, and rendered for specimens."""
        return (self._own or self._shipped).check()


@dataclass(frozen=True, slots=True)
class _Voice:
    """One language of some folders: its words, and the templates with these words in them."""

    folder: str  # of the language; "" for English
    words: Words
    environment: Environment
    found: dict[tuple[str, NoticeKind], _Found]  # by set and kind


class _Templates:
    """The templates of some folders, the first of which wins."""

    def __init__(self, roots: tuple[Path, ...]) -> None:
        self._roots = roots
        self._languages = languages(roots)
        self._voices: dict[str, _Voice] = {}

    def render(self, notice: Notice, template_set: str, config: Config, message_id: str, now: datetime) -> Rendered:
        """Return the notice in words. Raises whatever a template raises."""
        voice = self._voice(identity.language(notice, config), config.desk.language)
        view: View
        if notice.kind.to_requester:
            view = requester_view(notice, config, message_id, voice.words)
        else:
            view = agent_view(notice, config, message_id, now)
        found = self._found(notice.kind, template_set, voice)
        context = values(view)
        headers = [(name, plain(template.render(context))) for name, template in found.headers]
        return Rendered(
            message_id=message_id,
            text=found.text.render(context).strip("\n") + "\n",
            html=found.html.render(context).strip("\n") + "\n" if found.html else "",
            subject=next((value for name, value in headers if name.lower() == "subject"), view.subject),
            headers=tuple((name, value) for name, value in headers if name.lower() != "subject" and value),
        )

    def _voice(self, *wanted: str) -> _Voice:
        """The first language of those wanted that there is ("de-AT" is also "de"), else English."""
        tags = [tag for each in wanted for tag in (each.lower(), each.lower().partition("-")[0])]
        folder = next((self._languages.get(tag, "") for tag in tags if tag in self._languages or tag == "en"), "")
        known = self._voices.get(folder)
        if known:
            return known
        words = read_words(self._roots, folder)
        voice = self._voices[folder] = _Voice(folder, words, _environment(self._roots, folder, words), {})
        return voice

    def _found(self, kind: NoticeKind, template_set: str, voice: _Voice) -> _Found:
        """Compile what a kind needs; the HTML is never from a less particular place than the text."""
        known = voice.found.get((template_set, kind))
        if known:
            return known
        html: Template | None = None
        for root, folder in self._places(template_set, voice.folder):
            name = f"@{root}/{folder}{kind}"
            if not html and (self._roots[root] / f"{folder}{kind}.html").is_file():
                html = voice.environment.get_template(f"{name}.html")
            if (self._roots[root] / f"{folder}{kind}.txt").is_file():
                source = (self._roots[root] / f"{folder}{kind}.txt").read_text("utf-8")
                headers = ((field, value) for field, value in _headers(source) if _ALLOWED.match(field))
                found = _Found(
                    tuple(
                        (field, voice.environment.from_string(voice.words.spoken(value))) for field, value in headers
                    ),
                    voice.environment.get_template(f"{name}.txt"),
                    html,
                )
                voice.found[template_set, kind] = found
                return found
        raise FileNotFoundError(f"{kind}.txt")

    def file(self, kind: NoticeKind) -> Path:
        """Return the text template of a kind in the first folder that has one."""
        return next(root / f"{kind}.txt" for root in self._roots if (root / f"{kind}.txt").is_file())

    def _places(self, template_set: str, language: str) -> Iterator[tuple[int, str]]:
        """Where templates are looked for, the most particular first: (number of the root, folder)."""
        for names in ((template_set, language), (template_set,), (language,), ()):
            if all(_NAME.match(name) for name in names):
                folder = "".join(f"{name}/" for name in names)
                yield from ((root, folder) for root in range(len(self._roots)))

    # ── check ───────────────────────────────────────────────────────────────────────────

    def check(self) -> tuple[Problem, ...]:
        """Return what is wrong in every folder."""
        words = [problem for root in self._roots for path in sorted(root.rglob(FILE)) for problem in self._words(path)]
        roots = self._roots[:1] if words else self._roots  # wrong words are no fault of the templates that say them
        return (*words, *(problem for root in roots for path in _files(root) for problem in self._check(root, path)))

    def _words(self, path: Path) -> Iterator[Problem]:
        """Whether a catalogue can be read, and every mail to requesters be written with it."""
        problems = tuple(check_words(path, tuple(read_words((shipped(),), "").phrases)))
        yield from problems
        if problems or (path.parent not in self._roots and path.parent.parent not in self._roots):
            return
        voice = self._voice("en" if path.parent in self._roots else path.parent.name)
        for kind in sorted(REQUESTER_KINDS):
            try:
                found = self._found(kind, "", voice)
                for view in specimens(kind):
                    for part in (found.text, *filter(None, [found.html]), *(value for _, value in found.headers)):
                        part.render(values(view))
            except Exception as error:
                if not _own_fault(error, self._roots):
                    yield Problem("", f"in {kind}: {type(error).__name__}: {error}", file=str(path))

    def _check(self, root: Path, path: Path) -> Iterator[Problem]:
        """Compile one file, and render it for a full and a bare notice."""
        where = path.relative_to(root).as_posix()
        voice = self._voice(path.parent.name if path.parent != root else "en")
        try:
            template = voice.environment.get_template(f"@{self._roots.index(root)}/{where}")
            if path.stem.startswith("_"):
                return
            if path.stem not in _KINDS:
                close = get_close_matches(path.stem, _KINDS, n=1)
                hint = f"; did you mean {close[0]}?" if close else ""
                yield Problem("", f"no notice is called {path.stem}{hint}", file=str(path))
                return
            headers = _headers(path.read_text("utf-8")) if path.suffix == ".txt" else ()
            for name, _ in headers:
                if not _ALLOWED.match(name):
                    yield Problem("", f"a template cannot set the header field {name}", file=str(path))
            fields = [voice.environment.from_string(voice.words.spoken(value)) for _, value in headers]
            for view in specimens(NoticeKind(path.stem)):
                for part in (template, *fields):
                    part.render(values(view))
        except TemplateSyntaxError as error:
            file = error.filename or str(path)
            yield Problem("", error.message or "this is no template", line=error.lineno, file=file)
        except Exception as error:
            yield Problem("", f"{type(error).__name__}: {error}", line=_line(error, path), file=str(path))


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox; the fields of our own views are known to be harmless without a look at each."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The value of `obj.attribute` in a template."""
        if attribute in _OPEN.get(type(obj), ()):
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)


class _Loader(FileSystemLoader):
    """Reads templates without their header lines, and with the phrases that they say.

    Line numbers stay as they are in the file.
    """

    def __init__(self, places: Sequence[Path], words: Words) -> None:
        super().__init__(places)
        self._words = words

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, path, fresh = super().get_source(environment, template)
        if template.endswith(".txt"):
            lines = len(_headers(source))
            if lines:
                body = source.split("\n", lines)[lines]
                source = "{#" + "\n" * lines + "-#}" + body
        try:
            return self._words.spoken(source, html=template.endswith(".html")), path, fresh
        except UnknownPhrase as error:
            raise TemplateSyntaxError(error.what, error.line, template, path) from error


def _environment(roots: tuple[Path, ...], language: str, words: Words) -> Environment:
    """A sandbox in which a template changes nothing; `@N/` names a template of one root."""
    exact = {f"@{number}": _Loader((root,), words) for number, root in enumerate(roots)}
    places = [place for root in roots for place in ((root / language, root) if language else (root,))]
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
    environment.filters["blocks"] = blocks
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
    """What is wrong with a template, in words."""
    if isinstance(error, TemplateSyntaxError):
        return f"line {error.lineno} of the text: {error.message or 'this is no template'}"
    return f"{type(error).__name__}: {error}"


def paragraphs(text: str) -> Markup:
    """Return plain text as HTML paragraphs, with its line breaks and indentation."""
    blocks = str(escape(text)).replace("  ", "&nbsp; ").split("\n\n")
    lines = (block.strip("\n").replace("\n", "<br>\n") for block in blocks if block.strip())
    return Markup("\n".join(f'<p style="margin:0 0 16px">{line}</p>' for line in lines))  # noqa: S704 - escaped above


def lines(text: str) -> Markup:
    """Return plain text as HTML within a paragraph, with its line breaks."""
    return Markup(str(escape(text)).replace("\n", "<br>\n"))  # noqa: S704 - escaped above


def quoted(text: str) -> str:
    """Return text with "> " before each line (RFC 3676 4.5)."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _headers(source: str) -> tuple[tuple[str, str], ...]:
    """The header lines that open a template; none unless an empty line ends them."""
    found: list[tuple[str, str]] = []
    for line in source.split("\n"):
        match = _HEADER.fullmatch(line.rstrip("\r"))
        if not match:
            return () if line.strip() else tuple(found)
        found.append((match[1], match[2]))
    return ()


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.suffix in (".txt", ".html") and path.is_file())


def _own_fault(error: Exception, roots: Sequence[Path]) -> bool:
    """True for an error that lies in a template of the administrator's: it is told there."""
    return (
        isinstance(error, TemplateSyntaxError) and len(roots) > 1 and (error.filename or "").startswith(str(roots[0]))
    )


def _line(error: BaseException, path: Path) -> int | None:
    """The line of the template in which an error arose; Jinja2 rewrites tracebacks to show it."""
    line, step = None, error.__traceback__
    while step:
        if step.tb_frame.f_code.co_filename == str(path):
            line = step.tb_lineno
        step = step.tb_next
    return line
