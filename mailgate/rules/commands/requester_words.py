"""Commands of requesters and collaborators.

`#close`, `#reopen`, `#status` and `#help` of a requester, `#leave` of a collaborator, each alone on its line at
the top of the mail. Anything else is text, so that requesters need not know about commands. Where a request was
merged into somebody else's, its requester may only ask: what happens to that one is not theirs to say or to know.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailgate.phrase import Day, Phrase
from mailgate.rules.text.cleanup import clean, visible
from mailgate.rules.text.signature import NOBODY, Signer, only_signature
from mailgate.rules.ticket import acts
from mailgate.ticket import Entry, EntryKind, Status, Ticket

MERGED = "merged"  # the requester of a ticket that was merged into somebody else's
WORDS = {
    "requester": ("close", "reopen", "status", "help"),
    "collaborator": ("leave",),
    MERGED: ("status", "help"),
}


@dataclass(frozen=True, slots=True)
class RequesterCommands:
    """The words that the mail begins with, each once, and the text below them ("" for none, or a signature alone)."""

    words: tuple[str, ...] = ()
    text: str = ""


def read_requester_words(lines: Sequence[str], role: str, signer: Signer = NOBODY) -> RequesterCommands:
    """Read the words at the top of the sender's own lines; `role` is one of `WORDS` or any other."""
    words: dict[str, None] = {}
    height = 0  # of the block of words, blank lines included
    for line in lines:
        if word := _word(line, role):
            words[word] = None
        elif visible(line):
            break
        height += 1
    rest = lines[height:]
    text = "" if only_signature(rest, signer) else "\n".join(rest).strip()
    return RequesterCommands(tuple(words), text) if words else RequesterCommands()


def _word(line: str, role: str) -> str:
    """The word that is alone on the line; "" if it is text."""
    mark, word = clean(line).lower()[:1], clean(line).lower()[1:]
    return word if mark == "#" and word in WORDS.get(role, ()) else ""


def acts_of(commands: RequesterCommands, author: Collection[str], stamp: acts.Stamp) -> list[acts.Act]:
    """The acts of the words; `author` are all addresses of the sender."""
    done: list[acts.Act] = []
    for word in commands.words:
        match word:
            case "close":
                done.append(acts.status(Status.CLOSED, stamp))
            case "reopen":
                done.append(acts.status(Status.OPEN, stamp))
            case "leave":
                done.append(acts.uncc(author, stamp))
    return done


def answers(commands: RequesterCommands, ticket: Ticket, thread: Sequence[Entry]) -> tuple[Phrase, ...]:
    """The sentences that answer the words, about the ticket after them. They hold public values only."""
    sentences: list[Phrase] = []
    if "leave" in commands.words:
        sentences.append(Phrase("asked.left"))
    if {"close", "reopen", "status"} & set(commands.words):
        sentences.append(Phrase(f"asked.{ticket.status}"))
    if "status" in commands.words:
        sentences.append(_dates(ticket, [entry.at for entry in thread if entry.kind is EntryKind.REPLY]))
    if "help" in commands.words:
        sentences.append(Phrase("asked.help"))
    return tuple(sentences)


def _dates(ticket: Ticket, replies: Sequence[datetime]) -> Phrase:
    opened = ("opened", Day(ticket.created_at))
    if replies:
        return Phrase("asked.answered", (opened, ("answered", Day(max(replies)))))
    return Phrase("asked.unanswered", (opened,))
