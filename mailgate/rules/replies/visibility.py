"""Public or internal: does an agent's text go to the requester or stay a note?

The one place of this rule. It reads no mail and sends nothing; the facts about the mail are arguments. Where unsure the
text stays internal.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Visibility:
    """Where the text goes. `by_rule`: the rule and not the agent made it a note, so the agent is notified."""

    public: bool
    by_rule: bool
    why: str  # the reason by its name in [visibility]: "because you answered an alert, not Karen's message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """Where an agent's text was sent, and what it answers."""

    # Whether the notice with the newest key in the mail says that an answer is public; None: it carries no key.
    answers_public: bool | None
    link: str = ""  # the link that opened the mail: "reply", "note", or "" for none
    forwards_alert: bool = False
    desk_only_copied: bool = False  # every desk address stands in Cc or Bcc
    requester_in_to: bool = False
    to_note_address: bool = False
    was_asked: bool = False  # it answers a question to its author, who expects that it stays a note


def visibility(
    sent: Addressing,
    verbs: Collection[str],
    *,
    transfers: bool = False,
    assigns_away: bool = False,
    may_reply: bool = True,
) -> Visibility:
    """Decide where the text of an agent's mail goes.

    `verbs` are canonical verbs. `assigns_away`: to another agent or a team. `may_reply`: the agent's role has replies;
    one that has not is never promised a public reply, so the role is the reason for a note. What the agent
    says (`#note` and the note address before `#reply`, then the link) wins over every rule, but spam is not answered.
    """
    found = _visibility(sent, verbs, transfers=transfers, assigns_away=assigns_away)
    if found.by_rule and not may_reply:
        found = replace(found, why="role")
    return replace(found, by_rule=False) if sent.was_asked and "reply" not in verbs else found


def _visibility(sent: Addressing, verbs: Collection[str], *, transfers: bool, assigns_away: bool) -> Visibility:
    if "note" in verbs:
        return Visibility(public=False, by_rule=False, why="note")
    if sent.to_note_address:
        return Visibility(public=False, by_rule=not {"reply", "canned"}.isdisjoint(verbs), why="note_address")
    for verb in ("reply", "canned"):
        if verb in verbs:
            return Visibility(public=True, by_rule=False, why=verb)
    if "spam" in verbs:
        return Visibility(public=False, by_rule=sent.link != "note", why="spam")
    if sent.link:
        return Visibility(public=sent.link == "reply", by_rule=False, why=f"{sent.link}_link")
    reasons = (
        (sent.forwards_alert, "forwards_alert"),
        (transfers, "transfers"),
        (assigns_away, "assigns"),
        (sent.desk_only_copied and not sent.requester_in_to, "copied"),
        (sent.answers_public is False, "answers_alert"),
        (sent.answers_public is None and not sent.requester_in_to, "answers_nothing"),
    )
    for holds, why in reasons:
        if holds:
            return Visibility(public=False, by_rule=True, why=why)
    # Without a key the requester holds the text already: a note would hide nothing from them.
    return Visibility(public=True, by_rule=False, why="answers_message" if sent.answers_public else "to_requester")
