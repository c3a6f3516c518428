"""The JSON document that a failed verb prints with `--json`: the same fields for every verb.

`tickets do` and `tickets new` have further fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType

from mailgate.cli.common import print_json, told
from mailgate.errors import ConfigError
from mailgate.ticket import Json

_EXTRA_FIELDS: Mapping[tuple[str, ...], Mapping[str, Json]] = MappingProxyType(
    {
        ("tickets", "do"): {"done": []},
        ("tickets", "new"): {"number": None, "notices": []},
    }
)


def arguments(argv: Sequence[str]) -> Iterator[str]:
    """The arguments of a command line without its options: verb, sub-verb and their arguments."""
    rest = iter(argv)
    for word in rest:
        if word in ("-c", "--config"):
            next(rest, None)
        elif not word.startswith("-"):
            yield word


def wants_json(argv: Sequence[str]) -> bool:
    """True when a command line has `--json`, even an invalid one."""
    return "--json" in argv


def print_error(error: Exception, argv: Sequence[str]) -> None:
    """Print the document of a failed verb."""
    message = told(error)
    problems: list[Json] = [str(each) for each in error.problems] if isinstance(error, ConfigError) else []
    extra = _EXTRA_FIELDS.get(tuple(islice(arguments(argv), 2)))
    document: dict[str, Json] = {"ok": False, "error": message, "problems": problems}
    print_json({**document, **extra, "errors": [message]} if extra else document)


def result_fields(problems: Iterable[object]) -> dict[str, Json]:
    """The first fields of a verb's own document: `ok`, and `error` when there are problems."""
    message = "\n".join(map(str, problems))
    return {"ok": False, "error": message} if message else {"ok": True}
