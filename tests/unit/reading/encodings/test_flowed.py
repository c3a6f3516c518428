"""format=flowed (RFC 3676)."""

from mailgate.reading.encodings import flowed
from tests.cost import LINEAR, growth


def test_a_flowed_paragraph_of_very_many_lines_costs_linear_time() -> None:
    assert flowed.join("a \n" * 500_000) == ("a " * 500_000).rstrip()
    assert growth(lambda lines: flowed.join("a \n" * lines), 500_000) < LINEAR
