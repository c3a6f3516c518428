"""[customer.NAME]: companies that write to the desk, with their domains and their people's addresses.

Overlaps between customers are found in `mailgate.config.check`.
"""

from __future__ import annotations

from mailgate.config.sections.routing import address, domain, read_routing
from mailgate.config.toml.messages import quoted_text
from mailgate.config.toml.reader import Table
from mailgate.settings import Customer

_PEOPLE = '{ "jane@bigco.example" = ["jane@gmail.example"] }'


def read_customers(top: Table) -> dict[str, Customer]:
    """Read every [customer.NAME]."""
    found = {}
    for name, table in top.named("customer"):
        found[name] = Customer(
            name=name,
            domains=_domains(table),
            people=_people(table),
            routing=read_routing(table),
        )
        if "domains" not in table and "people" not in table:
            table.reading.warn(table.spot, 'matches nobody: write domains = ["bigco.example"], or people')
        table.done()
    return found


def _domains(table: Table) -> tuple[str, ...]:
    """Normalised domains; a leading dot includes subdomains, as in the criteria of rules."""
    found = []
    for index, value in enumerate(table.texts("domains", example='["bigco.example"]')):
        try:
            found.append(value[: value.startswith(".")] + domain(value.removeprefix(".")))
        except ValueError:
            right = 'write "bigco.example", or ".bigco.example" to include subdomains'
            table.reading.error(table.at("domains").inside(index), f"{quoted_text(value)} is not a domain: {right}")
    return tuple(dict.fromkeys(found))


def _people(table: Table) -> tuple[tuple[str, ...], ...]:
    """The addresses of each person: the key and its list of further addresses."""
    value = table.raw("people")
    if value is None:
        return ()
    if not isinstance(value, dict):
        table.error("people", f"must be a table of addresses: write people = {_PEOPLE}")
        return ()
    inner = table.sub("people", value)
    found = (_person(inner, key) for key in value)
    return tuple(person for person in found if person)


def _person(people: Table, key: str) -> tuple[str, ...]:
    if isinstance(people.data[key], dict):
        people.error(key, f"an address needs quotes: write people = {_PEOPLE}")
        return ()
    emails = []
    for written in (key, *people.texts(key, example='["jane@gmail.example"]')):
        try:
            emails.append(address(written))
        except ValueError as error:
            people.error(key, str(error))
    return tuple(dict.fromkeys(emails))
