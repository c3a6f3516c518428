"""Renders notices: looks templates up, fills them in, and checks them.

A template is `[SET/][LANGUAGE/]KIND.txt` (header lines, an empty line, the body) with a
`KIND.html` beside it; the administrator's folder comes before the shipped one. What a
template can do is `sandbox`'s business. It writes no mail; `compose` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from itertools import product
from pathlib import Path

from jinja2 import Environment, Template, TemplateSyntaxError

from mailgate.errors import Problem
from mailgate.notice import Notice, NoticeKind
from mailgate.rules.threading.keys import Keyring, key_text
from mailgate.settings import Config
from mailgate.writing.mail import identity
from mailgate.writing.mail.headers import plain
from mailgate.writing.templates.phrases import FILE, Catalogue, check_words, read_words, shipped
from mailgate.writing.templates.sandbox import environment, headers_of
from mailgate.writing.templates.specimens import specimens
from mailgate.writing.views.for_agent import agent_view
from mailgate.writing.views.for_requester import requester_view
from mailgate.writing.views.views import AgentView, Rendered, View, same, values
from mailgate.writing.views.words import Words

_KINDS = tuple(str(kind) for kind in NoticeKind)
# What a template may set: its subject where there is no ticket, and fields that steer no mail.
_ALLOWED = re.compile(r"(?i)(subject|importance|priority|organization|comments|keywords|x-(?!mailgate-|auto-).+)\Z")
_READER = re.compile(r"\bname\b")
_NAME = re.compile(r"[^./\\][^/\\]*\Z")  # the name of a set or language never leads out of the folder


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

    @property
    def catalogue(self) -> Catalogue:
        """The phrases of every language."""
        return (self._own or self._shipped).catalogue

    @classmethod
    def of(cls, config: Config) -> Renderer:
        """Return the renderer of a configuration."""
        return cls((config.templates,) if config.templates else ())

    def render(self, notice: Notice, config: Config, keyring: Keyring, now: datetime) -> Rendered:
        """Return the notice as subject, text and HTML.

        A template of the administrator's that fails is answered by the shipped one, with
        the reason in `problem`: an alert never goes to nobody. `now` is aware UTC.
        """
        message_id = identity.message_id(notice, config, keyring, now)
        template_set = notice.ticket.template if notice.ticket else ""
        try:
            return (self._own or self._shipped).render(notice, template_set, config, message_id, now)
        except Exception as error:
            if not self._own:
                raise
            rendered = self._shipped.render(notice, "", config, message_id, now)
            return replace(rendered, problem=f"template {notice.kind}: {type(error).__name__}: {error}")

    def preload(self) -> None:
        """Read all of the administrator's templates now: a file that is edited later has no effect until a reload."""
        if self._own:
            self._own.preload()

    def file(self, kind: NoticeKind) -> Path:
        """Return the path of the template of a kind, without a set or language."""
        return (self._own or self._shipped).file(kind)

    def check(self) -> tuple[Problem, ...]:
        """Return what is wrong in the administrator's folder: each file is compiled, and rendered for specimens.

        Without such a folder there is nothing that anybody could have broken.
        """
        return self._own.check() if self._own else ()


@dataclass(frozen=True, slots=True)
class _Language:
    """One language of some folders: its words, and the templates with these words in them."""

    folder: str  # of the language; "" for English
    words: Words
    environment: Environment
    found: dict[tuple[str, NoticeKind], _Found]  # by set and kind


@dataclass(frozen=True, slots=True)
class _Last:
    """The mail to an agent that was rendered last: as a rule the next reader's differs in its key alone."""

    found: _Found
    about: tuple[int, str]  # number of the ticket, cause
    view: AgentView
    rendered: Rendered


class _Templates:
    """The templates of some folders, the first of which wins."""

    def __init__(self, roots: tuple[Path, ...]) -> None:
        self._roots = roots
        self.catalogue = Catalogue(roots)
        self._languages: dict[str, _Language] = {}
        self._last: _Last | None = None
        # No shipped template for agents says the name of its reader.
        self._names_readers = any(_READER.search(path.read_text("utf-8", "replace")) for path in _sources(roots[:-1]))

    def render(self, notice: Notice, template_set: str, config: Config, message_id: str, now: datetime) -> Rendered:
        """Return the notice as subject, text and HTML. Raises whatever a template raises."""
        language = self._language(identity.language(notice, config), config.desk.language)
        found = self._found(notice.kind, template_set, language)
        if not isinstance(notice.subject, str):
            notice = replace(notice, subject=language.words.sentence(notice.subject, config.zone(notice.agent)))
        if notice.kind.to_requester:
            return _filled(found, requester_view(notice, config, message_id, language.words), message_id)
        last, about = self._last, (notice.ticket.number if notice.ticket else 0, notice.cause)
        if last and last.found is found and last.about == about:
            view = agent_view(notice, config, last.rendered.message_id, now, language.words)
            if same(view, last.view, but=() if self._names_readers else ("name",)):
                return _with_key_of(last.rendered, message_id)
        view = agent_view(notice, config, message_id, now, language.words)
        rendered = _filled(found, view, message_id)
        self._last = _Last(found, about, view, rendered)
        return rendered

    def _language(self, *wanted: str) -> _Language:
        """The first language of those wanted that there is ("de-AT" is also "de"), else English."""
        folder = self.catalogue.folder(*wanted)
        known = self._languages.get(folder)
        if known:
            return known
        words = self.catalogue.words(folder)
        language = self._languages[folder] = _Language(folder, words, environment(self._roots, folder, words), {})
        return language

    def _found(self, kind: NoticeKind, template_set: str, language: _Language) -> _Found:
        """Compile what a kind needs; the HTML is never from a less particular place than the text."""
        known = language.found.get((template_set, kind))
        if known:
            return known
        html: Template | None = None
        for root, folder in self._places(template_set, language.folder):
            name = f"@{root}/{folder}{kind}"
            if not html and (self._roots[root] / f"{folder}{kind}.html").is_file():
                html = language.environment.get_template(f"{name}.html")
            if (self._roots[root] / f"{folder}{kind}.txt").is_file():
                source = (self._roots[root] / f"{folder}{kind}.txt").read_text("utf-8")
                headers = ((field, value) for field, value in headers_of(source) if _ALLOWED.match(field))
                found = _Found(
                    tuple(
                        (field, language.environment.from_string(language.words.expanded(value)))
                        for field, value in headers
                    ),
                    language.environment.get_template(f"{name}.txt"),
                    html,
                )
                language.found[template_set, kind] = found
                return found
        raise FileNotFoundError(f"{kind}.txt")

    def preload(self) -> None:
        """Compile what the first folder has, in each language, and the layouts. A fault is left to `render`."""
        own = _files(self._roots[0])
        kinds = {NoticeKind(path.stem) for path in own if path.stem in _KINDS}
        sets = {"", *(path.relative_to(self._roots[0]).parts[0] for path in own if path.parent != self._roots[0])}
        layouts = {path.name for root in self._roots for path in _files(root) if path.stem.startswith("_")}
        for language in [self._language("en"), *map(self._language, self.catalogue.languages)]:
            for name in sorted(layouts):
                with suppress(Exception):
                    language.environment.get_template(name)
            for kind, template_set in product(sorted(kinds), sorted(sets)):
                with suppress(Exception):
                    self._found(kind, template_set, language)

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
        """Return the faults in the first folder, and those that it causes in templates of the others."""
        own = self._roots[0]
        words = [problem for path in sorted(own.rglob(FILE)) for problem in self._words(path)]
        found = [
            *words,
            *(problem for path in _files(own) for problem in self._check(own, path, self._language_of(path))),
        ]
        if not words:  # else each template that uses them would be reported as well
            found += self._below_own_layouts()
        return tuple(dict.fromkeys(found))

    def _below_own_layouts(self) -> Iterator[Problem]:
        """Try a layout (`_agent.html`) of the first folder in the templates of the others, which build on it."""
        folders = {path.parent: self._language_of(path) for path in _files(self._roots[0]) if path.stem.startswith("_")}
        for language in folders.values():
            for root in self._roots[1:]:
                for path in _files(root):
                    yield from self._check(root, path, language)

    def _language_of(self, path: Path) -> _Language:
        """The language that a file of the first folder is written for."""
        return self._language("en" if path.parent == self._roots[0] else path.parent.name)

    def _words(self, path: Path) -> Iterator[Problem]:
        """Faults of a `words.toml`: in the file, and in any mail that is written with it."""
        problems = tuple(check_words(path, read_words((shipped(),), "").phrases))
        yield from problems
        if problems or self._roots[0] not in (path.parent, path.parent.parent):
            return
        language = self._language_of(path)
        for kind in sorted(NoticeKind):
            try:
                found = self._found(kind, "", language)
                for view in specimens(kind):
                    for part in (found.text, *filter(None, [found.html]), *(value for _, value in found.headers)):
                        part.render(values(view))
            except Exception as error:
                if not _own_fault(error, self._roots):
                    yield Problem("", f"in {kind}: {type(error).__name__}: {error}", file=str(path))

    def _check(self, root: Path, path: Path, language: _Language) -> Iterator[Problem]:
        """Compile one file, and render it for a full and a bare notice."""
        where = path.relative_to(root).as_posix()
        try:
            template = language.environment.get_template(f"@{self._roots.index(root)}/{where}")
            if path.stem.startswith("_"):
                return
            if path.stem not in _KINDS:
                close = get_close_matches(path.stem, _KINDS, n=1)
                hint = f"; did you mean {close[0]}?" if close else ""
                yield Problem("", f"no notice is called {path.stem}{hint}", file=str(path))
                return
            headers = headers_of(path.read_text("utf-8")) if path.suffix == ".txt" else ()
            for name, _ in headers:
                if not _ALLOWED.match(name):
                    yield Problem("", f"a template cannot set the header field {name}", file=str(path))
            fields = [language.environment.from_string(language.words.expanded(value)) for _, value in headers]
            for view in specimens(NoticeKind(path.stem)):
                for part in (template, *fields):
                    part.render(values(view))
        except TemplateSyntaxError as error:
            file = error.filename or str(path)
            yield Problem("", error.message or "this is no template", line=error.lineno, file=file)
        except Exception as error:
            file, line = _place(error, self._roots[0], path)
            yield Problem("", f"{type(error).__name__}: {error}", line=line, file=file)


def _filled(found: _Found, view: View, message_id: str) -> Rendered:
    """Fill in the templates of a kind. Raises whatever a template raises."""
    context = values(view)
    headers = [(name, plain(template.render(context))) for name, template in found.headers]
    return Rendered(
        message_id=message_id,
        text=found.text.render(context).strip("\n") + "\n",
        html=found.html.render(context).strip("\n") + "\n" if found.html else "",
        subject=next((value for name, value in headers if name.lower() == "subject"), view.subject),
        headers=tuple((name, value) for name, value in headers if name.lower() != "subject" and value),
    )


def _with_key_of(rendered: Rendered, message_id: str) -> Rendered:
    """The same mail with the key of another reader; keys about one ticket are of one length."""
    old, new = key_text(rendered.message_id), key_text(message_id)
    return replace(
        rendered,
        message_id=message_id,
        text=rendered.text.replace(old, new),
        html=rendered.html.replace(old, new),
        headers=tuple((name, value.replace(old, new)) for name, value in rendered.headers),
    )


def _sources(roots: Sequence[Path]) -> Iterator[Path]:
    return (path for root in roots for path in root.rglob("*") if path.is_file())


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.suffix in (".txt", ".html") and path.is_file())


def _own_fault(error: Exception, roots: Sequence[Path]) -> bool:
    """True for an error in a template of the administrator's, which is reported with that template."""
    return (
        isinstance(error, TemplateSyntaxError) and len(roots) > 1 and (error.filename or "").startswith(str(roots[0]))
    )


def _place(error: BaseException, own: Path, path: Path) -> tuple[str, int | None]:
    """File and line of the innermost template in `own`, else of `path`; Jinja2 rewrites tracebacks to show them."""
    found: tuple[str, int | None] = (str(path), None)
    step = error.__traceback__
    while step:
        file = step.tb_frame.f_code.co_filename
        if file == found[0] or Path(file).is_relative_to(own):
            found = (file, step.tb_lineno)
        step = step.tb_next
    return found
