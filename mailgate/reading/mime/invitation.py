"""A calendar invitation in words: what, when, where, and what its author wrote (RFC 5545).

Reads the first event of a text/calendar part, as its times are written, in the zone that
they name; it converts none and answers nothing. Never raises; bounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mailgate.reading.encodings import charset

MAX_BYTES = 200_000
MAX_LINES = 2000
MAX_VALUE = 500  # characters that are shown of one value
MAX_WORDS = 20_000  # characters of a description
FOLD = re.compile(r"\n[ \t]")
# No semicolon within an unquoted value, so that there is one way alone to read a line.
PROPERTY = re.compile(r"^([A-Za-z-]{1,40})((?:;[^;:\"]{0,300}(?:\"[^\"]{0,300}\")?)*):(.*)$")
ZONE = re.compile(
    r";TZID=(?:\"/?([^\"]{1,80})\"|/?([^;:\"]{1,80}))", re.IGNORECASE
)  # quoted it may hold anything (3.2)
NAME = re.compile(r";CN=(?:\"([^\"]{1,200})\"|([^;:]{1,200}))", re.IGNORECASE)
MOMENT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(?:\d{2})?(Z?))?$")
ESCAPE = re.compile(r"\\([nN,;\\])")
KINDS = {"CANCEL": "Cancelled", "REQUEST": "Invitation", "PUBLISH": "Calendar entry", "COUNTER": "Other time proposed"}
# RFC 5546 3.2.3: an answer; who sent it says so already.
ANSWERS = frozenset({"REPLY", "REFRESH", "DECLINECOUNTER"})


@dataclass(frozen=True, slots=True)
class _Property:
    """One content line of an event."""

    params: str
    value: str

    def shown(self) -> str:
        """The text value on one line (RFC 5545 3.3.11)."""
        plain = ESCAPE.sub(lambda found: " " if found[1] in "nN" else found[1], self.value)
        return " ".join(plain.split())[:MAX_VALUE]

    def words(self) -> str:
        """The text value with its lines."""
        plain = ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], self.value[:MAX_WORDS])
        return "\n".join(line.rstrip() for line in plain.split("\n")).strip()


@dataclass(frozen=True, slots=True)
class Event:
    """An event in words."""

    facts: tuple[str, ...] = ()  # a line each
    words: str = ""  # its description

    def is_told_in(self, text: str) -> bool:
        """Whether a text says what and where already, as many programs write both."""
        said = [line.partition(": ")[2] for line in self.facts if line.startswith(("Invitation", "Where"))]
        return bool(said) and all(value in text for value in said)


def read(content: bytes, declared: str = "") -> Event:
    """The event; one without facts where there is none or it is an answer to one."""
    method, event = _first_event(_lines(content, declared))
    if method in ANSWERS or "DTSTART" not in event:
        return Event()
    out = [f"{KINDS.get(method, 'Calendar entry')}: {_value(event, 'SUMMARY') or 'without a title'}"]
    out.append(f"When: {_when(event)}")
    for label, name in (("Where", "LOCATION"), ("Repeats", "RRULE")):
        value = _value(event, name)
        value = value.partition("FREQ=")[2].partition(";")[0].lower() if name == "RRULE" else value
        if value:
            out.append(f"{label}: {value}")
    if who := _who(event):
        out.append(f"Organizer: {who}")
    return Event(tuple(out), event["DESCRIPTION"].words() if "DESCRIPTION" in event else "")


def method_of(content: bytes) -> str:
    """METHOD of a calendar object, in lower case; "" for none."""
    return _first_event(_lines(content, ""))[0].lower()


def _lines(content: bytes, declared: str) -> list[str]:
    text = charset.decode(content[:MAX_BYTES], declared or "utf-8").replace("\r\n", "\n")
    return FOLD.sub("", text).split("\n")[:MAX_LINES]


def _first_event(lines: list[str]) -> tuple[str, Mapping[str, _Property]]:
    """The method of the calendar and the properties of its first event, without those of its alarms."""
    method, depth = "", 0
    event: dict[str, _Property] = {}
    for line in lines:
        found = PROPERTY.match(line)
        if not found:
            continue
        name, value = found[1].upper(), found[3].strip()
        if name == "METHOD" and not depth:
            method = value.upper()
        elif name == "BEGIN":
            depth += 1 if depth or value.upper() == "VEVENT" else 0
        elif name == "END" and depth:
            depth -= 1
            if not depth:
                break
        elif depth == 1:
            event.setdefault(name, _Property(found[2], value))
    return method, event


def _value(event: Mapping[str, _Property], name: str) -> str:
    return event[name].shown() if name in event else ""


def _when(event: Mapping[str, _Property]) -> str:
    """Beginning and end as they are written, in their zone."""
    start = event["DTSTART"]
    begins, ends = MOMENT.match(start.value), MOMENT.match(event["DTEND"].value) if "DTEND" in event else None
    if not begins:
        return start.shown()
    out = _moment(begins)
    if ends and ends[4] and ends.group(1, 2, 3) == begins.group(1, 2, 3):
        out += f" to {ends[4]}:{ends[5]}"
    elif ends and ends[4]:
        out += f" to {_moment(ends)}"
    zone = ZONE.search(start.params)
    return out + (" UTC" if begins[6] else f" ({zone[1] or zone[2]})" if zone else "")


def _moment(found: re.Match[str]) -> str:
    day = f"{found[1]}-{found[2]}-{found[3]}"
    return f"{day} {found[4]}:{found[5]}" if found[4] else day


def _who(event: Mapping[str, _Property]) -> str:
    """The organizer, by name and address."""
    if "ORGANIZER" not in event:
        return ""
    organizer = event["ORGANIZER"]
    name = NAME.search(organizer.params)
    value = organizer.shown()
    email = value[7:] if value.lower().startswith("mailto:") else ""
    return f"{(name[1] or name[2]).strip()} <{email}>" if name and email else email
