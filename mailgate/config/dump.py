"""The effective values of a configuration as plain data, for the log at start. Secrets are masked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mailgate.config.toml import units
from mailgate.rules.text.patterns import Pattern
from mailgate.settings import Config, Rate, Secret, Server, Text
from mailgate.ticket import Json


def effective(config: Config) -> dict[str, Json]:
    """Every value, defaults included, as JSON; values that are None are left out."""
    return {field.name: _plain(getattr(config, field.name)) for field in dataclasses.fields(config) if field.repr}


def _plain(value: Any) -> Json:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case IPv4Network() | IPv6Network() | Secret() | Server() | Path() | Pattern():
            return value.pattern if isinstance(value, Pattern) else str(value)
        case ZoneInfo():
            return value.key
        case timedelta():
            return units.duration_text(value)
        case Rate():
            return f"{value.count}/{units.duration_text(value.period)}"
        case Text():
            return _plain(value.by_language)
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case frozenset():
            return [*sorted(map(str, value))]
        case tuple():
            return [_plain(item) for item in value]
    return {
        field.name.rstrip("_"): _plain(item)
        for field in dataclasses.fields(value)
        if (item := getattr(value, field.name)) is not None
    }
