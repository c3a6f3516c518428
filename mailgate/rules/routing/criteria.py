"""One criterion of a rule against one mail: does it hold, and what does `explain` say.

Every field and operator of the public interface, section 3. Comparing ignores case; regular
expressions were compiled (RE2) with the config. A criterion sets nothing: that is `route.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mailgate.mail import Body, Mail, normalise
from mailgate.rules.text.forms import Form
from mailgate.settings import Criterion

_TEXT_READ = 65_536  # characters of a value that are compared
_SHOWN = 60  # characters of a value that `explain` shows
_NUMBER = re.compile(r"\s*([-+]?[0-9]{1,15}(?:\.[0-9]{1,15})?)")
_AFTER_AT = re.compile(r"@([^\s@<>(),;:\"]+)")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What rules may ask about a mail.

    `within(schedule, moment)` says whether a schedule is open then.
    """

    mail: Mail
    body: Body
    form: Form
    recipients: tuple[str, ...]  # desk addresses that it came to
    address: str  # the one of them that routes
    source: str  # "smtp", "imap", "pipe", "cli"
    arrived_at: datetime
    known: bool  # the requester wrote before
    auth: str = "none"  # DMARC: "pass", "fail", "none"
    language: str = ""
    customer: str = ""  # whose customer its author is
    within: Callable[[str, datetime], bool] = lambda _schedule, _moment: False
    # Values by field, each read once however many rules ask for it.
    _read: dict[tuple[str, str], Values] = field(default_factory=dict, init=False, repr=False, compare=False)

    def values(self, criterion: Criterion) -> Values:
        """The values of the criterion's field."""
        asked = criterion.field, criterion.name
        values = self._read.get(asked)
        if values is None:
            texts = tuple(text[:_TEXT_READ] for text in _FIELDS[criterion.field](self, criterion.name))
            folded = tuple(map(str.casefold, texts))
            domains = tuple(f".{domain}" for text in folded for domain in _domains(criterion.field, text))
            values = self._read[asked] = Values(texts, folded, domains)
        return values


@dataclass(frozen=True, slots=True)
class Values:
    """What a field holds: as it is, case-folded, and as a domain (".client.example")."""

    texts: tuple[str, ...]
    folded: tuple[str, ...]
    domains: tuple[str, ...]


def is_met(criterion: Criterion, facts: Facts) -> bool:
    """Whether the criterion holds. `not_`: none of its values does."""
    return _OPERATORS[criterion.op](criterion, facts) != criterion.negated


def holds(criterion: Criterion, facts: Facts) -> tuple[bool, str]:
    """Whether the criterion holds, and a clause that says so: `subject "Portal down" contains "down"`."""
    held = is_met(criterion, facts)
    name = f"{criterion.field}.{criterion.name}" if criterion.name else criterion.field
    texts = facts.values(criterion).texts
    shown = ", ".join(f'"{_shown(text)}"' for text in texts[:3]) + (", …" if len(texts) > 3 else "")
    says = _SAYS[criterion.op][held == criterion.negated]
    return held, " ".join(filter(None, (name, shown or "(none)", says, _wanted(criterion))))


def _wanted(criterion: Criterion) -> str:
    if criterion.number is not None:
        return f"{criterion.number:.15g}"
    quote = "" if criterion.op in ("matches", "domain") else '"'
    return " or ".join(f"{quote}{_shown(value)}{quote}" for value in criterion.values)


def _shown(text: str) -> str:
    """One printable line, shortened."""
    line = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * _SHOWN])
    line = " ".join(line.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def language_of(mail: Mail) -> str:
    """The language that the mail says it is in (RFC 3282 2), lower case; "" when it says none."""
    return mail.header("content-language").partition(",")[0].strip().lower()


# ── fields ──────────────────────────────────────────────────────────────────────────────


def _body(facts: Facts, _: str) -> tuple[str, ...]:
    """The author's own words; all of the text where it was forwarded or nothing else is left."""
    own = facts.body.visible
    return (facts.mail.text if facts.body.forwarded or not own.strip() else own,)


def _form(facts: Facts, name: str) -> tuple[str, ...]:
    value = facts.form.get(name)
    return (value,) if value else ()


_FIELDS: Mapping[str, Callable[[Facts, str], tuple[str, ...]]] = {
    "from": lambda facts, _: tuple(address.email for address in facts.mail.from_),
    "from_name": lambda facts, _: tuple(address.name for address in facts.mail.from_ if address.name),
    "reply_to": lambda facts, _: tuple(address.email for address in facts.mail.reply_to),
    "to": lambda facts, _: tuple(address.email for address in facts.mail.to),
    "cc": lambda facts, _: tuple(address.email for address in facts.mail.cc),
    "recipient": lambda facts, _: facts.recipients,
    "subject": lambda facts, _: (facts.mail.subject,),
    "body": _body,
    "header": lambda facts, name: facts.mail.header_all(name),
    "attachment_name": lambda facts, _: tuple(part.name for part in facts.mail.attachments),
    "attachment_type": lambda facts, _: tuple(part.type for part in facts.mail.attachments),
    "attachments": lambda facts, _: (str(len(facts.mail.attachments)),),
    "size": lambda facts, _: (str(facts.mail.size),),
    "language": lambda facts, _: (facts.language,),
    "source": lambda facts, _: (facts.source,),
    "requester": lambda facts, _: ("known" if facts.known else "new",),
    "customer": lambda facts, _: (facts.customer,) if facts.customer else (),
    "form": _form,
    "auth": lambda facts, _: (facts.auth,),
    "arrived": lambda facts, _: (facts.arrived_at.isoformat(" ", "minutes"),),
}
_FAMILIES = frozenset({"header", "form"})
_ADDRESS_FIELDS = frozenset({"from", "reply_to", "to", "cc", "recipient"})


# ── operators ───────────────────────────────────────────────────────────────────────────


def _folded(criterion: Criterion) -> tuple[str, ...]:
    if criterion.field in _ADDRESS_FIELDS and not all(map(str.isascii, criterion.values)):
        return tuple(normalise(value) for value in criterion.values)  # as addresses are compared: A-labels
    return tuple(map(str.casefold, criterion.values))


def _is(criterion: Criterion, facts: Facts) -> bool:
    wanted = _folded(criterion)
    return any(text in wanted for text in facts.values(criterion).folded)


def _contains(criterion: Criterion, facts: Facts) -> bool:
    wanted = _folded(criterion)
    return any(value in text for text in facts.values(criterion).folded for value in wanted)


def _starts(criterion: Criterion, facts: Facts) -> bool:
    wanted = _folded(criterion)
    return any(text.startswith(wanted) for text in facts.values(criterion).folded)


def _ends(criterion: Criterion, facts: Facts) -> bool:
    wanted = _folded(criterion)
    return any(text.endswith(wanted) for text in facts.values(criterion).folded)


def _matches(criterion: Criterion, facts: Facts) -> bool:
    texts = facts.values(criterion).texts
    return any(pattern.search(text) is not None for text in texts for pattern in criterion.patterns)


def _domain(criterion: Criterion, facts: Facts) -> bool:
    """`x.example` exactly; `.x.example` with its subdomains."""
    domains = facts.values(criterion).domains
    return any(
        domain.endswith(value) if value.startswith(".") else domain == f".{value}"
        for value in criterion.values
        for domain in domains
    )


def _domains(field: str, text: str) -> Iterable[str]:
    """The domains in a text: an address's own; a header or form line may hold several, and names around them."""
    if field in _FAMILIES:
        return _AFTER_AT.findall(text) or (text.strip("<> "),)
    return (text.rpartition("@")[2],)


def _over(criterion: Criterion, facts: Facts) -> bool:
    limit = criterion.number or 0
    return any(number > limit for number in _numbers(facts.values(criterion).texts))


def _under(criterion: Criterion, facts: Facts) -> bool:
    limit = criterion.number or 0
    return any(number < limit for number in _numbers(facts.values(criterion).texts))


def _numbers(texts: tuple[str, ...]) -> Iterable[float]:
    """The number that a text begins with: "7.1 / 5.0" is 7.1. What begins with none is neither over nor under."""
    return (float(found[1]) for text in texts if (found := _NUMBER.match(text)))


def _exists(criterion: Criterion, facts: Facts) -> bool:
    nothing = "0" if criterion.field == "attachments" else ""
    return any(text != nothing for text in facts.values(criterion).texts)


def _within(criterion: Criterion, facts: Facts) -> bool:
    return any(facts.within(schedule, facts.arrived_at) for schedule in criterion.values)


_OPERATORS: Mapping[str, Callable[[Criterion, Facts], bool]] = {
    "is": _is,
    "in": _is,
    "contains": _contains,
    "starts": _starts,
    "ends": _ends,
    "matches": _matches,
    "domain": _domain,
    "over": _over,
    "under": _under,
    "exists": _exists,
    "within": _within,
}
_SAYS: Mapping[str, tuple[str, str]] = {
    "is": ("is", "is not"),
    "in": ("is", "is not"),
    "contains": ("contains", "does not contain"),
    "starts": ("starts with", "does not start with"),
    "ends": ("ends with", "does not end with"),
    "matches": ("matches", "does not match"),
    "domain": ("is in the domain", "is not in the domain"),
    "over": ("is over", "is not over"),
    "under": ("is under", "is not under"),
    "exists": ("is there", "is not there"),
    "within": ("is within", "is not within"),
}
