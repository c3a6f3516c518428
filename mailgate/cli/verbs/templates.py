"""`mailgate templates`: list the kinds of mail, and preview a template. Sends nothing."""

from __future__ import annotations

import argparse
from difflib import get_close_matches
from pathlib import Path

from mailgate.cli.common import common_options, config_of, now, plain, print_json, print_line, say
from mailgate.errors import BadArgument, ConfigError, NotFound
from mailgate.notice import NoticeKind
from mailgate.reading.encodings.flowed import join
from mailgate.reading.parse import parse
from mailgate.rules.threading.keys import Keyring
from mailgate.settings import Config
from mailgate.ticket import Json
from mailgate.writing.compose import compose
from mailgate.writing.templates.preview import speaking, specimen
from mailgate.writing.templates.render import Renderer

_SHOWN = ("From", "To", "Subject")


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the sub-verbs."""
    common = common_options()
    subs = parser.add_subparsers(dest="sub", metavar="SUB-VERB", required=True)
    subs.add_parser("list", help="list every kind of mail with its audience and template file", parents=[common])
    preview = subs.add_parser(
        "preview", help="print an example of one kind of mail, rendered with this configuration", parents=[common]
    )
    preview.add_argument("kind", metavar="KIND", help="such as reply; see `templates list`")
    preview.add_argument("--language", default="", metavar="TAG", help="the language of the recipient, such as de")
    preview.add_argument("--html", type=Path, metavar="FILE", help="write the HTML to FILE; - for standard output")


def run(args: argparse.Namespace) -> int:
    """Run the sub-verb. Raises ConfigError for an error in the configuration or a template."""
    config = config_of(args)
    renderer = Renderer.of(config)
    if args.sub == "list":
        return _list(renderer, as_json=args.json)
    if problems := renderer.check():
        raise ConfigError(problems)
    return _preview(args, renderer, config)


def _list(renderer: Renderer, *, as_json: bool) -> int:
    rows = [(kind, "requesters" if kind.to_requester else "agents", str(renderer.file(kind))) for kind in NoticeKind]
    if as_json:
        kinds: list[Json] = [{"kind": str(kind), "to": to, "file": file} for kind, to, file in rows]
        print_json(kinds)
        return 0
    for kind, to, file in rows:
        print_line(f"{kind:<20} {to:<11} {file}")
    return 0


def _preview(args: argparse.Namespace, renderer: Renderer, config: Config) -> int:
    kind, at = _kind(args.kind), now()
    config = speaking(config, args.language)
    keyring = Keyring((b"preview",), config.desk.domain)
    notice = specimen(kind, config, at)
    rendered = renderer.render(notice, config, keyring, at)
    mail = parse(compose(notice, rendered, config, keyring, at).data)
    if args.html and not (args.json and str(args.html) == "-"):
        _write(args.html, rendered.html, kind)
    if args.json:
        print_json({"kind": str(kind), "subject": mail.subject, "text": rendered.text, "html": rendered.html})
    if args.html or args.json:
        return 0
    for name in _SHOWN:
        print_line(f"{name}: {mail.header(name.lower())}")
    print()
    print(plain(join(rendered.text)), end="")
    return 0


def _kind(name: str) -> NoticeKind:
    kinds = [str(kind) for kind in NoticeKind]
    if name not in kinds:
        close = get_close_matches(name, kinds, n=1)
        hint = f"did you mean {close[0]}?" if close else "see mailgate templates list"
        raise BadArgument(f"there is no notice kind {name}: {hint}")
    return NoticeKind(name)


def _write(path: Path, html: str, kind: NoticeKind) -> None:
    if not html:
        raise NotFound(f"{kind} has no HTML template: there is no {kind}.html beside {kind}.txt")
    if str(path) == "-":
        print(html, end="")
        return
    try:
        path.write_text(html, "utf-8")
    except OSError as error:
        raise BadArgument(f"cannot write {path}: {error.strerror}") from error
    say(f"written to {path}")
