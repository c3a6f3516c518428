"""What requesters and collaborators may ask for by a word on top of their mail (the public interface, section 5).

A requester's `#close`, `#reopen`, `#status`, `#help`, a collaborator's `#leave`, each alone on
its line. Anything else of theirs is text: nobody has to know that there are commands.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile

from mailgate.phrase import Day, Phrase
from mailgate.rules.text.cleanup import clean, visible
from mailgate.rules.text.signature import only_signature
from mailgate.rules.ticket import acts
from mailgate.ticket import Entry, EntryKind, Status, Ticket

WORDS = {"requester": ("close", "reopen", "status", "help"), "collaborator": ("leave",)}


@dataclass(frozen=True, slots=True)
class RequesterCommands:
    """The words that were used, each once, and the text below them ("" where that is a signature alone)."""

    words: tuple[str, ...] = ()
    text: str = ""


def read_wishes(lines: Sequence[str], role: str) -> RequesterCommands:
    """Read the words on top of somebody's own lines, as far as their role on the ticket has them."""
    words: dict[str, None] = {}
    rest = _from_text(lines)
    while rest and (word := _word(rest[0], role)):
        words[word] = None
        rest = _from_text(rest[1:])
    text = "" if only_signature(rest) else "\n".join(rest).strip()
    return RequesterCommands(tuple(words), text) if words else RequesterCommands()


def _from_text(lines: Sequence[str]) -> list[str]:
    return list(dropwhile(lambda line: not visible(line), lines))


def _word(line: str, role: str) -> str:
    """The word that the line is; "" for text."""
    mark, word = clean(line).lower()[:1], clean(line).lower()[1:]
    return word if mark == "#" and word in WORDS.get(role, ()) else ""


def acts_of(wishes: RequesterCommands, author: Collection[str], stamp: acts.Stamp) -> list[acts.Act]:
    """What the words do to the ticket; `author` are the addresses of who wrote them."""
    done: list[acts.Act] = []
    for word in wishes.words:
        match word:
            case "close":
                done.append(acts.status(Status.CLOSED, stamp))
            case "reopen":
                done.append(acts.status(Status.OPEN, stamp))
            case "leave":
                done.append(acts.uncc(author, stamp))
    return done


def answers(wishes: RequesterCommands, ticket: Ticket, thread: Sequence[Entry]) -> tuple[Phrase, ...]:
    """What is told to who asked, of the ticket as it is afterwards; public facts alone."""
    told: list[Phrase] = []
    if "leave" in wishes.words:
        told.append(Phrase("asked.left"))
    if {"close", "reopen", "status"} & set(wishes.words):
        told.append(Phrase(f"asked.{ticket.status}"))
    if "status" in wishes.words:
        told.append(_dates(ticket, [entry.at for entry in thread if entry.kind is EntryKind.REPLY]))
    if "help" in wishes.words:
        told.append(Phrase("asked.help"))
    return tuple(told)


def _dates(ticket: Ticket, replies: Sequence[datetime]) -> Phrase:
    opened = ("opened", Day(ticket.created_at))
    if replies:
        return Phrase("asked.answered", (opened, ("answered", Day(max(replies)))))
    return Phrase("asked.unanswered", (opened,))
