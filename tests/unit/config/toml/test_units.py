"""Durations, sizes, rates, percentages and times of day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.config.toml import units
from mailgate.settings import Rate


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("1h", 3600), ("2d", 172_800), ("1h30m", 5400), ("1d 2h 3m 4s", 93_784), ("0s", 0)],
)
def test_durations(text: str, seconds: int) -> None:
    assert units.duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "h", "1w", "30m1h", "-1h", "1.5h", "1H", "٣h", "99999d", "999999999d"])
def test_an_invalid_duration_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|hundred years"):
        units.duration(text)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=36_000)))
def test_a_formatted_duration_is_parsed_back(value: timedelta) -> None:
    whole = timedelta(seconds=int(value.total_seconds()))
    assert units.duration(units.duration_text(whole)) == whole


@pytest.mark.parametrize(
    ("text", "size"),
    [("25 MB", 25_000_000), ("1kB", 1000), ("1 KB", 1000), ("2 GB", 2 * 10**9), ("10 B", 10), ("1.5 MB", 1_500_000)],
)
def test_sizes_use_powers_of_ten(text: str, size: int) -> None:
    assert units.size(text) == size


@pytest.mark.parametrize("text", ["", "25", "25 MiB", "MB", "-1 MB", "25  MB", "1e6 B"])
def test_an_invalid_size_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        units.size(text)


def test_rates() -> None:
    assert units.rate("6/1h") == Rate(6, timedelta(hours=1))
    assert units.rate("100 / 30m") == Rate(100, timedelta(minutes=30))
    for text in ("6", "6/h", "/1h", "6/0s", "six/1h"):
        with pytest.raises(ValueError, match=r"limit|duration|period"):
            units.rate(text)


def test_percentages() -> None:
    assert [units.share(text) for text in ("80%", "100 %", "200%", "0.5%")] == [0.8, 1.0, 2.0, 0.005]
    for text in ("80", "0%", "%", "-5%", "99999%"):
        with pytest.raises(ValueError, match="percentage"):
            units.share(text)


def test_times_of_day() -> None:
    assert units.times("08:00-17:30") == (480, 1050)
    assert units.times("8:00 – 24:00") == (480, 1440)
    assert units.times("22:00-06:00") == (1320, 360)  # until the next day
    for text in ("", "8-17", "08:60-09:00", "24:00-06:00", "10:00-10:00", "09:00-25:00"):
        with pytest.raises(ValueError, match="time"):
            units.times(text)
