"""An index of the administrator's rules: the few that a mail may match, in time that does not grow with their number.

Each table of `when` is filed under that one of its criteria which is found fastest: a value that is looked up comes
before a text that is searched for. A rule is a candidate when that criterion holds in one of its tables; whether it
matches, `route.py` decides by all of its criteria. A table in which no criterion can be filed (`not_…`, numbers,
schedules), and a rule without `when`, make the rule a candidate for every mail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from mailgate.rules.routing.criteria import RuleInput, Values, folded
from mailgate.rules.text.patterns import PatternSet, literal
from mailgate.settings import Criterion, Rule

# Operators of criteria that can be filed, the fastest first.
_FILED = ("is", "in", "domain", "exists", "starts", "ends", "contains", "matches")


class RuleIndex:
    """The rules of a configuration, in their order, and an index of them; a new configuration has a new one."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._always: list[int] = []  # positions
        self._filed: defaultdict[tuple[str, str], _Filed] = defaultdict(_Filed)  # by field, and name of a header
        for position, rule in enumerate(self.rules):
            chosen = [_fastest(table) for table in rule.when]
            if not chosen or None in chosen:
                self._always.append(position)
                continue
            for criterion in filter(None, chosen):
                self._filed[criterion.field, criterion.name].add(criterion, position)

    def candidates(self, given: RuleInput) -> Iterator[Rule]:
        """The rules that the mail may match, in their order: all that it does match, and few besides."""
        found = set(self._always)
        for (of, name), filed in self._filed.items():
            found.update(filed.held_by(given.values_of(of, name)))
        return (self.rules[position] for position in sorted(found))


def _fastest(table: Iterable[Criterion]) -> Criterion | None:
    filed = [each for each in table if not each.negated and each.op in _FILED]
    return min(filed, key=lambda each: _FILED.index(each.op), default=None)


class _Filed:
    """The positions of the rules that are filed under criteria of one field, by what its value must be."""

    def __init__(self) -> None:
        self._values: defaultdict[str, list[int]] = defaultdict(list)
        self._domains: defaultdict[str, list[int]] = defaultdict(list)
        self._present: list[int] = []
        self._folded = PatternSet()  # for values without their case
        self._texts = PatternSet()  # for values as they are

    def add(self, criterion: Criterion, position: int) -> None:
        """File a rule under a criterion of the field."""
        match criterion.op:
            case "is" | "in":
                for value in folded(criterion):
                    self._values[value].append(position)
            case "domain":
                for value in criterion.values:
                    self._domains[value].append(position)
            case "exists":
                self._present.append(position)
            case "matches":
                for pattern in criterion.patterns:
                    self._texts.add(pattern.pattern, position)
            case op:
                form = {"starts": r"\A{}", "ends": r"{}\z", "contains": "{}"}[op]
                for value in folded(criterion):
                    self._folded.add(form.format(literal(value)), position)

    def held_by(self, values: Values) -> Iterator[int]:
        """The positions whose criterion holds for values of the field; some come twice."""
        for text in values.folded:
            yield from self._values.get(text, ())
            yield from self._folded.found_in(text)
        for domain in values.domains if self._domains else ():
            for part in _domain_parts(domain):
                yield from self._domains.get(part, ())
        for text in values.texts:
            yield from self._texts.found_in(text)
        if any(values.texts):
            yield from self._present


def _domain_parts(domain: str) -> Iterator[str]:
    """The values of the operator `domain` that hold for ".a.b": "a.b" itself, and ".a.b" and ".b" with subdomains."""
    yield domain[1:]
    start = 0
    while start >= 0:
        yield domain[start:]
        start = domain.find(".", start + 1)
