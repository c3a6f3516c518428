"""The people on a ticket, as a change leaves them: who waits for approval, who was added.

The acts that add and remove people are `acts/people.py`; which addresses may become collaborators is
`rules/people/collaborators.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailgate.phrase import Phrase, Sentence, phrase
from mailgate.ticket import Address, Change, Collaborator

AGREED = 3  # links in one alert; further collaborators are named without a link


def agree(change: Change, author: str) -> tuple[tuple[Sentence, str], ...]:
    """One-tap links, (label, mail), that activate inactive collaborators: those new by this mail, and its author."""
    asked = [each for each in _inactive(change) if each.email == author or _is_new(each, change)][:AGREED]
    return tuple((phrase("link.add", name=each.name or each.email), f"#cc {each.email}\n") for each in asked)


def put_in_cc(change: Change, author: Address) -> tuple[Phrase, ...]:
    """The author of a Cc whose recipients wait for an agent's consent: why a mail has links that add them."""
    new = (each for each in _inactive(change) if _is_new(each, change) and each.email != author.email)
    people = tuple(each.name or each.email for each in new)[:AGREED]
    return (phrase("remark.put_in_cc", who=author.name or author.email, people=people),) if people else ()


def left_out(change: Change) -> tuple[Phrase, ...]:
    """The sentence that people of a ticket which was merged into this one get no answers here yet, if there are any."""
    people = tuple(each.name or each.email for each in _inactive(change) if _is_new(each, change))
    return (phrase("remark.left_out", number=change.after.number, people=people),) if people else ()


def _inactive(change: Change) -> Iterator[Collaborator]:
    return (each for each in change.after.collaborators if not each.active)


def _is_new(person: Collaborator, change: Change) -> bool:
    return change.before is None or person.email not in change.before.participants


def newly_copied(change: Change) -> tuple[Address, ...]:
    """Collaborators who became active by a change to an existing ticket."""
    before = {each.email for each in change.before.collaborators if each.active} if change.before else set()
    return tuple(
        Address(each.email, each.name)
        for each in change.after.collaborators
        if each.active and each.email not in before
    )
