"""Header values: encoded words, parameters, identifiers, dates."""

import pytest

from mailgate.reading.mime import headers
from mailgate.reading.parse import parse


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?Q?a=20b?=", "a b"),
        ("=?utf-8?q?a_b?= =?utf-8?q?c?=", "a bc"),
        ("=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"),
        ("=?iso-8859-1?q?=E4?= =?utf-8?q?=C3=A4?=", "ää"),
        ("=?utf-8*en?q?x?=", "x"),
        ("=?x-nonsense?b?aGk=?=", "hi"),
        ("=?utf-8?b?aGk?=", "hi"),
        ("=?utf-8?q?what??=", "what?"),
        ("=?utf-8?b?PT91dGYtOD9xP2hpPz0=?=", "hi"),
        ("=?utf-8?q?two=0Alines?=", "two lines"),
        ("=?broken", "=?broken"),
        (f"=?utf-8?q?{'x' * 2001}?= =?utf-8?q?b?=", f"=?utf-8?q?{'x' * 2001}?= b"),
        (f"=?utf-8?q?=?utf-8?q?{'x' * 1995}?=", f"=?utf-8?q?{'x' * 1995}"),
        ("plain", "plain"),
    ],
)
def test_encoded_words(value: str, text: str) -> None:
    assert headers.words(value) == text


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("text/plain; charset=utf-8", {"charset": "utf-8"}),
        ('x; name="a;b\\"c"', {"name": 'a;b"c'}),
        ('x; name="never closed', {"name": "never closed"}),
        ("x; name*=utf-8''a%20b", {"name": "a b"}),
        ("x; name*=a%20b", {"name": "a b"}),
        ("x; name*1=b; name*0=a", {"name": "ab"}),
        ("x; name=a; name=b", {"name": "a"}),
        ("x; name=\"_____.pdf\"; name*=utf-8''%D0%94%D0%BE%D0%B3.pdf", {"name": "Дог.pdf"}),
        ("x; name*=utf-8''%D0%94.pdf; name=D.pdf", {"name": "Д.pdf"}),
        ("x; name=plain.pdf; name*=utf-8''%FF%81%FE%FD.pdf", {"name": "plain.pdf"}),
        ("x; name*0=a; name*1=b.txt; name=old.txt", {"name": "ab.txt"}),
        ("x;; name = a b ;", {"name": "a b"}),
        ("x; *=y", {}),
    ],
)
def test_parameters(value: str, found: dict[str, str]) -> None:
    assert headers.parameters(value)[1] == found


def test_parameters_are_counted() -> None:
    assert len(headers.parameters("x" + "".join(f"; a{i}=b" for i in range(500)))[1]) == headers.MAX_PARAMETERS


def test_many_references_keep_the_first_and_the_last() -> None:
    ids = headers.identifiers(" ".join(f"<{i}@x>" for i in range(1000)))
    assert (len(ids), ids[0], ids[-1]) == (headers.MAX_IDS, "<0@x>", "<999@x>")


def test_an_identifier_without_brackets_counts() -> None:
    assert headers.identifiers("=?utf-8?q?=3Ca=2Eb=40x=2Eexample=3E?=") == ("<a.b@x.example>",)
    assert headers.identifiers("=?utf-8?q?=3Ca=40x?= =?utf-8?q?=2Eexample=3E?= <c@x>") == ("<a@x.example>", "<c@x>")
    assert headers.identifiers("=?us-ascii?b?PGFAeD4=?=") == ("<a@x>",)
    assert headers.identifiers("<=?utf-8?q?a=40x?=>") == ("<a@x>",)
    assert headers.identifiers("<=?odd?q?id?=@x>") == ("<=?odd?q?id?=@x>",), "an id as it stands"
    assert headers.identifiers("abc@x.example") == ("<abc@x.example>",)
    assert headers.identifiers("< >") == ()


def test_dates() -> None:
    def date(value: str) -> str:
        return str(parse(f"Date: {value}\n\n".encode()).date)

    assert date("Mon, 2 Nov 2026 10:00:00 +0100") == "2026-11-02 09:00:00+00:00"
    assert date("Mon, 2 Nov 2026 10:00:00 -0000") == "2026-11-02 10:00:00+00:00"
    assert date("tomorrow") == date("") == date("Mon, 2 Nov 99999 10:00:00 +0100") == "None"
