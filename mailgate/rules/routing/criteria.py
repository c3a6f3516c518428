"""The criteria of the administrator's rules: the table of fields, and one criterion against one mail.

docs/config.md lists fields and operators below [rule.when]. Comparing ignores case; regular expressions are
RE2, compiled with the configuration. What a matching rule sets is `route.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, unique
from types import MappingProxyType

from mailgate.mail import Body, Mail, normalise
from mailgate.rules.text.forms import Form
from mailgate.settings import Criterion

_TEXT_READ = 65_536  # characters of a value that are compared
_SHOWN = 60  # characters of a value that `explain` shows
_NUMBER = re.compile(r"\s*([-+]?[0-9]{1,15}(?:\.[0-9]{1,15})?)")
_AFTER_AT = re.compile(r"@([^\s@<>(),;:\"]+)")


@dataclass(frozen=True, kw_only=True)
class RuleInput:
    """Everything that a field may read: the mail, and what is known about it."""

    mail: Mail
    body: Body
    form: Form
    recipients: tuple[str, ...]  # addresses of the desk that it was delivered to; of plus forms both
    address: str  # the one of them that decides routing
    source: str  # "smtp", "imap", "pipe", "cli"
    arrived_at: datetime
    known: bool  # the requester has written before
    auth: str  # DMARC: "pass", "fail", "none"
    language: str  # of its words, else as it declares it (RFC 3282); "" where neither says
    customer: str  # name of the author's customer organisation, or ""
    within: Callable[[str, datetime], bool]  # whether a schedule is open then
    # Values by field and name: each is read once, however many rules compare it.
    _read: dict[tuple[str, str], Values] = field(default_factory=dict, init=False, repr=False, compare=False)

    def values(self, criterion: Criterion) -> Values:
        """The values of the criterion's field."""
        return self.values_of(criterion.field, criterion.name)

    def values_of(self, of: str, name: str) -> Values:
        """The values of a field; `name` is that of a header or form line."""
        values = self._read.get((of, name))
        if values is None:
            known = FIELDS[of]
            texts = tuple(text[:_TEXT_READ] for text in known.read(self, name))
            folded = tuple(map(str.casefold, texts))
            domains = tuple(f".{domain}" for text in folded for domain in _domains(known, text))
            values = self._read[of, name] = Values(texts, folded, domains)
        return values


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a field: as they are, case-folded, and as domains (".client.example")."""

    texts: tuple[str, ...]
    folded: tuple[str, ...]
    domains: tuple[str, ...]


def is_met(criterion: Criterion, given: RuleInput) -> bool:
    """Whether the criterion holds. A negated one (`not_`) holds if no value of the field passes."""
    return _OPERATORS[criterion.op](criterion, given) != criterion.negated


def holds(criterion: Criterion, given: RuleInput) -> tuple[bool, str]:
    """Whether the criterion holds, and a clause that says so: `subject "Portal down" contains "down"`."""
    held = is_met(criterion, given)
    name = f"{criterion.field}.{criterion.name}" if criterion.name else criterion.field
    texts = given.values(criterion).texts
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


def declared_language(mail: Mail) -> str:
    """The language that the mail says it is in (RFC 3282 2), lower case; "" when it says none."""
    return mail.header("content-language").partition(",")[0].strip().lower()


# ── fields ──────────────────────────────────────────────────────────────────────────────

_TEXTS = ("is", "contains", "starts", "ends", "matches", "in")


@unique
class Kind(Enum):
    """What the values of a field are, which decides the operators that it takes."""

    ADDRESS = (*_TEXTS, "domain", "exists")
    TEXT = (*_TEXTS, "exists")
    WORD = _TEXTS  # one of `Field.words`
    COUNT = ("is", "in", "over", "under", "exists")
    SIZE = ("over", "under", "is", "in")
    NAMED = (*_TEXTS, "domain", "over", "under", "exists")  # a family of fields, such as header.X-Vendor
    TIME = ("within",)


@dataclass(frozen=True, slots=True)
class Field:
    """One field that a rule can ask for. `doc` is its remark in docs/config.md."""

    name: str
    kind: Kind
    read: Callable[[RuleInput, str], tuple[str, ...]]  # its values; the text is the name of a header or form line
    doc: str = ""
    words: tuple[str, ...] = ()  # the only values that a WORD has
    refers: str = ""  # the section of the configuration that names its values


def _body(given: RuleInput, _: str) -> tuple[str, ...]:
    """The author's own words; the whole text of a forwarded mail, or if there are no own words."""
    own = given.body.visible
    return (given.mail.text if given.body.forwarded or not own.strip() else own,)


def _form(given: RuleInput, name: str) -> tuple[str, ...]:
    value = given.form.get(name)
    return (value,) if value else ()


_TABLE = (
    Field("from", Kind.ADDRESS, lambda given, _: tuple(each.email for each in given.mail.from_)),
    Field("reply_to", Kind.ADDRESS, lambda given, _: tuple(each.email for each in given.mail.reply_to)),
    Field("to", Kind.ADDRESS, lambda given, _: tuple(each.email for each in given.mail.to)),
    Field("cc", Kind.ADDRESS, lambda given, _: tuple(each.email for each in given.mail.cc)),
    Field(
        "recipient",
        Kind.ADDRESS,
        lambda given, _: given.recipients,
        "the desk address it was delivered to; of a plus form both: `support+vip@` is also `support@`",
    ),
    Field("from_name", Kind.TEXT, lambda given, _: tuple(each.name for each in given.mail.from_ if each.name)),
    Field("subject", Kind.TEXT, lambda given, _: (given.mail.subject,)),
    Field("body", Kind.TEXT, _body, "the author's own words, without quotes"),
    Field("attachment_name", Kind.TEXT, lambda given, _: tuple(part.name for part in given.mail.attachments)),
    Field("attachment_type", Kind.TEXT, lambda given, _: tuple(part.type for part in given.mail.attachments)),
    Field(
        "language",
        Kind.TEXT,
        lambda given, _: (given.language,),
        "of the text, where it is clearly en, de, fr or es; else as `Content-Language` says",
    ),
    Field(
        "source",
        Kind.WORD,
        lambda given, _: (given.source,),
        "`smtp`, `imap`, `pipe` or `cli`",
        words=("smtp", "imap", "pipe", "cli"),
    ),
    Field(
        "requester",
        Kind.WORD,
        lambda given, _: ("known" if given.known else "new",),
        "`known` or `new`",
        words=("known", "new"),
    ),
    Field(
        "customer",
        Kind.TEXT,
        lambda given, _: (given.customer,) if given.customer else (),
        "the sender's customer, by name",
        refers="customer",
    ),
    Field(
        "auth",
        Kind.WORD,
        lambda given, _: (given.auth,),
        "`pass`, `fail` or `none` (DMARC)",
        words=("pass", "fail", "none"),
    ),
    Field("attachments", Kind.COUNT, lambda given, _: (str(len(given.mail.attachments)),), "how many"),
    Field("size", Kind.SIZE, lambda given, _: (str(given.mail.size),), 'of the mail: `{ over = "5 MB" }`'),
    Field(
        "header",
        Kind.NAMED,
        lambda given, name: given.mail.header_all(name),
        'by name: `header = { X-Vendor = { is = "yes" } }`',
    ),
    Field("form", Kind.NAMED, _form, 'by name: `form = { Branch = "Boston" }`'),
    Field(
        "arrived",
        Kind.TIME,
        lambda given, _: (given.arrived_at.isoformat(" ", "minutes"),),
        '`{ within = "Business hours" }`',
        refers="schedule",
    ),
)
FIELDS: Mapping[str, Field] = MappingProxyType({field.name: field for field in _TABLE})


# ── operators ───────────────────────────────────────────────────────────────────────────


def folded(criterion: Criterion) -> tuple[str, ...]:
    """The criterion's values as they are compared with `Values.folded`."""
    if FIELDS[criterion.field].kind is Kind.ADDRESS and not all(map(str.isascii, criterion.values)):
        return tuple(normalise(value) for value in criterion.values)  # as addresses are compared: A-labels
    return tuple(map(str.casefold, criterion.values))


def _is(criterion: Criterion, given: RuleInput) -> bool:
    wanted = folded(criterion)
    return any(text in wanted for text in given.values(criterion).folded)


def _contains(criterion: Criterion, given: RuleInput) -> bool:
    wanted = folded(criterion)
    return any(value in text for text in given.values(criterion).folded for value in wanted)


def _starts(criterion: Criterion, given: RuleInput) -> bool:
    wanted = folded(criterion)
    return any(text.startswith(wanted) for text in given.values(criterion).folded)


def _ends(criterion: Criterion, given: RuleInput) -> bool:
    wanted = folded(criterion)
    return any(text.endswith(wanted) for text in given.values(criterion).folded)


def _matches(criterion: Criterion, given: RuleInput) -> bool:
    texts = given.values(criterion).texts
    return any(pattern.search(text) is not None for text in texts for pattern in criterion.patterns)


def _domain(criterion: Criterion, given: RuleInput) -> bool:
    """`x.example` exactly; `.x.example` with its subdomains."""
    domains = given.values(criterion).domains
    return any(
        domain.endswith(value) if value.startswith(".") else domain == f".{value}"
        for value in criterion.values
        for domain in domains
    )


def _domains(known: Field, text: str) -> Iterable[str]:
    """The domains in a text: an address has one; a header or form line may hold several addresses, and names."""
    if known.kind is Kind.NAMED:
        return _AFTER_AT.findall(text) or (text.strip("<> "),)
    return (text.rpartition("@")[2],)


def _over(criterion: Criterion, given: RuleInput) -> bool:
    limit = criterion.number or 0
    return any(number > limit for number in _numbers(given.values(criterion).texts))


def _under(criterion: Criterion, given: RuleInput) -> bool:
    limit = criterion.number or 0
    return any(number < limit for number in _numbers(given.values(criterion).texts))


def _numbers(texts: tuple[str, ...]) -> Iterable[float]:
    """The numbers that the texts begin with ("7.1 / 5.0" is 7.1); texts that begin with none are left out."""
    return (float(found[1]) for text in texts if (found := _NUMBER.match(text)))


def _exists(criterion: Criterion, given: RuleInput) -> bool:
    nothing = "0" if FIELDS[criterion.field].kind is Kind.COUNT else ""
    return any(text != nothing for text in given.values(criterion).texts)


def _within(criterion: Criterion, given: RuleInput) -> bool:
    return any(given.within(schedule, given.arrived_at) for schedule in criterion.values)


_OPERATORS: Mapping[str, Callable[[Criterion, RuleInput], bool]] = {
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
