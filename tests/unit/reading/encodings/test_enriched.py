"""text/enriched is read as its words (RFC 1896)."""

import pytest

from mailgate.reading.encodings import enriched
from mailgate.reading.parse import parse


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<bold>Now</bold> is the\ntime", "Now is the time"),
        ("One\n\nTwo\n\n\nThree", "One\nTwo\n\nThree"),
        ("<color><param>red</param>Hot</color> 1 << 2 < 3", "Hot 1 < 2 < 3"),
        ("<nofill>a\nb</nofill>\nc", "a\nb c"),
        ("a<nl>b</param>", "a\nb"),
    ],
)
def test_the_words_without_commands(source: str, text: str) -> None:
    assert enriched.to_text(source) == text
    assert parse(f"Content-Type: text/enriched\n\n{source}".encode()).text == text
