"""The people on a ticket, as a change leaves them: who waits for approval, who was added.

The acts that add and remove people are `acts/people.py`; which addresses may become collaborators is
`rules/people/collaborators.py`.
"""

from __future__ import annotations

from mailgate.ticket import Address, Change

AGREED = 3  # links in one alert; further collaborators are named without a link


def agree(change: Change, author: str) -> tuple[tuple[str, str], ...]:
    """One-tap links, (label, mail), that activate inactive collaborators: those new by this mail, and its author."""
    known = change.before.participants if change.before else frozenset[str]()
    waiting = [each.email for each in change.after.collaborators if not each.active]
    asked = [email for email in waiting if email == author or email not in known][:AGREED]
    return tuple(("Agree" if len(asked) == 1 else f"Agree to {email}", f"#cc {email}\n") for email in asked)


def newly_copied(change: Change) -> tuple[Address, ...]:
    """Collaborators who became active by a change to an existing ticket."""
    before = {each.email for each in change.before.collaborators if each.active} if change.before else set()
    return tuple(
        Address(each.email, each.name)
        for each in change.after.collaborators
        if each.active and each.email not in before
    )
