"""Compiled templates are kept for the process, and not without end."""

from __future__ import annotations

from jinja2 import Environment
from jinja2.bccache import Bucket

from mailgate.writing.templates import sandbox
from mailgate.writing.templates.sandbox import Compiled

ENVIRONMENT = Environment(autoescape=True)
CODE = compile("1", "x", "eval")


def bucket(key: str, checksum: str = "a") -> Bucket:
    return Bucket(ENVIRONMENT, key, checksum)


def known(cache: Compiled, key: str, checksum: str = "a") -> bool:
    asked = bucket(key, checksum)
    cache.load_bytecode(asked)
    return asked.code is not None


def keep(cache: Compiled, key: str) -> None:
    made = bucket(key)
    made.code = CODE
    cache.dump_bytecode(made)


def test_what_was_compiled_is_known_until_its_text_changes() -> None:
    cache = Compiled()
    assert not known(cache, "reply.txt")
    keep(cache, "reply.txt")
    assert known(cache, "reply.txt")
    assert not known(cache, "reply.txt", checksum="b")


def test_the_memory_that_it_takes_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(sandbox, "_MOST", 3)
    cache = Compiled()
    for number in range(4):
        keep(cache, f"{number}.txt")
    assert [known(cache, f"{number}.txt") for number in range(4)] == [False, False, False, True]
