"""Renders notices: looks templates up, fills them in, and checks them.

A template is `[SET/][LANGUAGE/]KIND.txt` (header lines, an empty line, the body) with a
`KIND.html` beside it; the administrator's folder comes before the shipped one. What a
template can do is `sandbox`'s business. It writes no mail; `compose` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from difflib import get_close_matches
from operator import attrgetter
from pathlib import Path, PurePosixPath

from jinja2 import Environment, Template, TemplateSyntaxError

from mailgate.errors import Problem
from mailgate.notice import Notice, NoticeKind
from mailgate.rules.threading.keys import Keyring, key_text
from mailgate.settings import Config
from mailgate.writing.mail import identity
from mailgate.writing.mail.headers import plain
from mailgate.writing.mail.mime import text_part
from mailgate.writing.templates.folders import Folder
from mailgate.writing.templates.phrases import FILE, Catalogue, check_words, read_words, shipped
from mailgate.writing.templates.sandbox import environment, headers_of
from mailgate.writing.templates.specimens import specimens
from mailgate.writing.views.for_agent import agent_traits, agent_view
from mailgate.writing.views.for_requester import requester_view
from mailgate.writing.views.views import Rendered, View, values
from mailgate.writing.views.words import Words

_KINDS = tuple(str(kind) for kind in NoticeKind)
# What a template may set: its subject where there is no ticket, and fields that steer no mail.
_ALLOWED = re.compile(r"(?i)(subject|importance|priority|organization|comments|keywords|x-(?!mailgate-|auto-).+)\Z")
_READER = re.compile(rb"\bname\b")
_NAME = re.compile(r"[^./\\][^/\\]*\Z")  # the name of a set or language never leads out of the folder


@dataclass(frozen=True, slots=True)
class _Found:
    """The templates of one kind, set and language, compiled."""

    headers: tuple[tuple[str, Template], ...]
    text: Template
    html: Template | None


class Renderer:
    """Renders notices. Templates are read when it is made and compiled once; a new configuration makes a new one."""

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


# The fields of a notice that its text depends on, the agent it goes to aside: see `agent_traits`.
_CONTENT = attrgetter(
    *(each.name for each in fields(Notice) if each.name not in ("to", "agent", "in_reply_to", "references"))
)


class _Templates:
    """The templates of some folders, the first of which wins."""

    def __init__(self, roots: tuple[Path, ...]) -> None:
        self.catalogue = Catalogue(roots)
        self._folders = self.catalogue.folders
        self._languages: dict[str, _Language] = {}
        # The mail to an agent that was rendered last, and all that its text depends on beside the mail's own key:
        # the alert of one change to the next agent is as a rule the same, with another key.
        self._last: tuple[tuple[object, ...], Rendered] | None = None
        # No shipped template for agents says the name of its reader.
        own = (content for folder in self._folders[:-1] for content in folder.files.values())
        self._names_readers = any(map(_READER.search, own))

    def render(self, notice: Notice, template_set: str, config: Config, message_id: str, now: datetime) -> Rendered:
        """Return the notice as subject, text and HTML. Raises whatever a template raises."""
        language = self._language(identity.language(notice, config), config.desk.language)
        found = self._found(notice.kind, template_set, language)
        if not isinstance(notice.subject, str):
            notice = replace(notice, subject=language.words.sentence(notice.subject, config.zone(notice.agent)))
        if notice.kind.to_requester:
            return _filled(found, requester_view(notice, config, message_id, language.words), message_id, language)
        basis = (found, now, agent_traits(notice, config), _CONTENT(notice), config)
        if self._last and self._last[0] == basis:
            return _with_key_of(self._last[1], message_id)
        rendered = _filled(found, agent_view(notice, config, message_id, now, language.words), message_id, language)
        shared = not (self._names_readers or notice.listings or notice.answers)
        self._last = (basis, rendered) if shared else None
        return rendered

    def _language(self, *wanted: str) -> _Language:
        """The first language of those wanted that there is ("de-AT" is also "de"), else English."""
        folder = self.catalogue.folder(*wanted)
        known = self._languages.get(folder)
        if known:
            return known
        words = self.catalogue.words(folder)
        language = self._languages[folder] = _Language(folder, words, environment(self._folders, folder, words), {})
        return language

    def _found(self, kind: NoticeKind, template_set: str, language: _Language) -> _Found:
        """Compile what a kind needs; the HTML is never from a less particular place than the text."""
        known = language.found.get((template_set, kind))
        if known:
            return known
        html: Template | None = None
        for number, name in self._places(kind, template_set, language.folder):
            folder = self._folders[number]
            if not html and f"{name}.html" in folder.files:
                html = language.environment.get_template(f"@{number}/{name}.html")
            if f"{name}.txt" in folder.files:
                headers = headers_of(folder.text(f"{name}.txt"))
                found = _Found(
                    tuple(
                        (field, language.environment.from_string(language.words.expanded(value)))
                        for field, value in headers
                        if _ALLOWED.match(field)
                    ),
                    language.environment.get_template(f"@{number}/{name}.txt"),
                    html,
                )
                language.found[template_set, kind] = found
                return found
        raise FileNotFoundError(f"{kind}.txt")

    def file(self, kind: NoticeKind) -> Path:
        """Return the text template of a kind in the first folder that has one."""
        return next(folder.path / f"{kind}.txt" for folder in self._folders if f"{kind}.txt" in folder.files)

    def _places(self, kind: NoticeKind, template_set: str, language: str) -> Iterator[tuple[int, str]]:
        """Where a template is looked for, the most particular first: (number of the folder, name without ending)."""
        for names in ((template_set, language), (template_set,), (language,), ()):
            if all(_NAME.match(name) for name in names):
                yield from ((number, "/".join((*names, kind))) for number in range(len(self._folders)))

    # ── check ───────────────────────────────────────────────────────────────────────────

    def check(self) -> tuple[Problem, ...]:
        """Return the faults in the first folder, and those that it causes in templates of the others."""
        own = self._folders[0]
        words = [problem for name in own.files if _file_name(name) == FILE for problem in self._words(name)]
        found = [
            *words,
            *(problem for name in _templates(own) for problem in self._check(0, name, self._language_of(name))),
        ]
        if not words:  # else each template that uses them would be reported as well
            found += self._below_own_layouts()
        return tuple(dict.fromkeys((*_unread(own), *found)))

    def _below_own_layouts(self) -> Iterator[Problem]:
        """Try a layout (`_agent.html`) of the first folder in the templates of the others, which build on it."""
        layouts = [name for name in _templates(self._folders[0]) if _file_name(name).startswith("_")]
        languages = {PurePosixPath(name).parent: self._language_of(name) for name in layouts}
        for language in languages.values():
            for number, folder in enumerate(self._folders[1:], start=1):
                for name in _templates(folder):
                    yield from self._check(number, name, language)

    def _language_of(self, name: str) -> _Language:
        """The language that a file of the first folder is written for."""
        return self._language(PurePosixPath(name).parent.name or "en")

    def _words(self, name: str) -> Iterator[Problem]:
        """Faults of a `words.toml`: in the file, and in any mail that is written with it."""
        own = self._folders[0]
        problems = tuple(check_words(own, name, read_words((Folder.read(shipped()),), "").phrases))
        yield from problems
        if problems or name.count("/") > 1:
            return
        language = self._language_of(name)
        for kind in sorted(NoticeKind):
            try:
                found = self._found(kind, "", language)
                for view in specimens(kind):
                    for part in (found.text, *filter(None, [found.html]), *(value for _, value in found.headers)):
                        part.render(values(view))
            except Exception as error:
                if not self._is_own_fault(error):
                    yield Problem("", f"in {kind}: {type(error).__name__}: {error}", file=str(own.path / name))

    def _is_own_fault(self, error: Exception) -> bool:
        """True for an error in a template of the administrator's, which is reported with that template."""
        own = len(self._folders) > 1 and str(self._folders[0].path)
        return bool(own) and isinstance(error, TemplateSyntaxError) and (error.filename or "").startswith(str(own))

    def _check(self, number: int, name: str, language: _Language) -> Iterator[Problem]:
        """Compile one file, and render it for a full and a bare notice."""
        folder = self._folders[number]
        path = folder.path / name
        try:
            template = language.environment.get_template(f"@{number}/{name}")
            if path.stem.startswith("_"):
                return
            if path.stem not in _KINDS:
                close = get_close_matches(path.stem, _KINDS, n=1)
                hint = f"; did you mean {close[0]}?" if close else ""
                yield Problem("", f"no notice is called {path.stem}{hint}", file=str(path))
                return
            headers = headers_of(folder.text(name)) if path.suffix == ".txt" else ()
            for field, _ in headers:
                if not _ALLOWED.match(field):
                    yield Problem("", f"a template cannot set the header field {field}", file=str(path))
            fields = [language.environment.from_string(language.words.expanded(value)) for _, value in headers]
            for view in specimens(NoticeKind(path.stem)):
                for part in (template, *fields):
                    part.render(values(view))
        except TemplateSyntaxError as error:
            file = error.filename or str(path)
            yield Problem("", error.message or "this is no template", line=error.lineno, file=file)
        except Exception as error:
            file, line = _place(error, self._folders[0].path, path)
            yield Problem("", f"{type(error).__name__}: {error}", line=line, file=file)


def _filled(found: _Found, view: View, message_id: str, language: _Language) -> Rendered:
    """Fill in the templates of a kind. Raises whatever a template raises."""
    context = values(view)
    headers = [(name, plain(template.render(context))) for name, template in found.headers]
    text = found.text.render(context).strip("\n") + "\n"
    html = found.html.render(context).strip("\n") + "\n" if found.html else ""
    return Rendered(
        message_id=message_id,
        text=text,
        html=html,
        parts=_parts(text, html),
        language=language.words.language,
        subject=next((value for name, value in headers if name.lower() == "subject"), view.subject),
        headers=tuple((name, value) for name, value in headers if name.lower() != "subject" and value),
    )


def _with_key_of(rendered: Rendered, message_id: str) -> Rendered:
    """The same mail with the key of another agent; keys about one ticket are of one length, so lines break alike."""
    old, new = key_text(rendered.message_id), key_text(message_id)
    text, html = rendered.text.replace(old, new), rendered.html.replace(old, new)
    encoded, page = rendered.parts
    if encoded.count(old.encode()) + page.count(old.encode()) == text.count(new) + html.count(new):
        parts = encoded.replace(old.encode(), new.encode()), page.replace(old.encode(), new.encode())
    else:  # base64, or a key that goes over the end of a line
        parts = _parts(text, html)
    return replace(
        rendered,
        message_id=message_id,
        text=text,
        html=html,
        parts=parts,
        headers=tuple((name, value.replace(old, new)) for name, value in rendered.headers),
    )


def _parts(text: str, html: str) -> tuple[bytes, bytes]:
    return text_part("plain", text), text_part("html", html) if html else b""


def _file_name(name: str) -> str:
    return name.rpartition("/")[2]


def _templates(folder: Folder) -> list[str]:
    """The names of a folder's templates, layouts included."""
    return [name for name in folder.files if name.endswith((".txt", ".html"))]


def _unread(folder: Folder) -> Iterator[Problem]:
    """A problem for each file that cannot be read."""
    for path in folder.unread:
        yield Problem("", "cannot be read", file=str(path))


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
