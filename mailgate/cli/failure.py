"""What a verb that fails prints under `--json`: one object, the same for every verb.

It prints no words for people, and knows no verb but for the lists that the public interface
(section 8) promises of two of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType

from mailgate.cli.common import print_json
from mailgate.errors import ConfigError, MailgateError
from mailgate.ticket import Json

_PROMISED: Mapping[tuple[str, ...], Mapping[str, Json]] = MappingProxyType(
    {
        ("tickets", "do"): {"done": []},
        ("tickets", "new"): {"number": None, "notices": []},
    }
)


def words_of(argv: Sequence[str]) -> Iterator[str]:
    """The words of a command line that are no options: the verb, the sub-verb and what they are about."""
    rest = iter(argv)
    for word in rest:
        if word in ("-c", "--config"):
            next(rest, None)
        elif not word.startswith("-"):
            yield word


def wants_json(argv: Sequence[str]) -> bool:
    """True when a command line asks for JSON, even one that cannot be read."""
    return "--json" in argv


def failed(error: Exception, argv: Sequence[str]) -> None:
    """Print the one document of a verb that failed."""
    told = error.public if isinstance(error, MailgateError) else f"{type(error).__name__}: {error}"
    problems: list[Json] = [str(each) for each in error.problems] if isinstance(error, ConfigError) else []
    promised = _PROMISED.get(tuple(islice(words_of(argv), 2)))
    found: dict[str, Json] = {"ok": False, "error": told, "problems": problems}
    print_json({**found, **promised, "errors": [told]} if promised else found)


def ending(problems: Iterable[object]) -> dict[str, Json]:
    """How the document of a verb begins that has one of its own: `ok`, and where it is not, `error`."""
    told = "\n".join(map(str, problems))
    return {"ok": False, "error": told} if told else {"ok": True}
