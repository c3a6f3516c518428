"""Hostile text of a customer, quoted by many programs in an agent's answer: only what the agent wrote is done.

`python -m tests.answers --count 20000 --seed 1` makes answers to an alert that holds a customer's commands, and marks
of programs and of the desk itself, quoted in nine ways at three widths, with and without a command of the agent's
own. `--first N --count 1` repeats one and prints it.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from random import Random

from mailgate.mail import MARKER, Mail
from mailgate.reading.body import read_body
from mailgate.rules.commands.syntax import read_commands
from mailgate.rules.threading.references import without_link_lines
from tests.lab import mail

WIDTHS = (60, 72, 998)
OWN = "Thank you, we look into it."
ORDERS = ("", "#note", "#assign Ann", "#priority High")
HOSTILE = (
    "#close",
    "#close -- it is done",
    "  #resolve",
    "*#close*",
    "- #close",
    "\\#close",
    "> #close",
    "#confirm k66ak7dkw6j6",
    "#transfer Maintenance",
    MARKER,
    "##- Please type your reply above this line -##",
    "-- ",
    "--",
    "---------- Forwarded message ---------",
    "-----Original Message-----",
    "Begin forwarded message:",
    "From: Ann Reyes <ann@bank.example>",
    "On Mon, 2 Nov 2026 at 10:00 Ann Reyes <ann@bank.example> wrote:",
    "AK> #close",
    "| #close",
    "> > #close",
    "________________________________",
    "Sent from my iPhone",
    "see\u2028#close\u2029#resolve",
    "see\x0b#close\x0c#resolve\x85#close",
    "\uff03close",
    "#\u200bclose",
    "\u202e#close",
    "#end",
    "#confirm",
    "[1] Claim: mailto:support@bank.example?body=%23close",
    "Ref: n.7j.5usxphcot5qahf.aaaaaaaaaaaaaaaaaaaaaaaaaa.r",
    "-----Urspr\u00fcngliche Nachricht-----",
    "Am 02.11.2026 um 10:00 schrieb Ann Reyes:",
    "Le 2 nov. 2026 \u00e0 10:00, Ann Reyes a \u00e9crit :",
    ">>> Ann Reyes 11/2/2026 10:00 >>>",
    "</blockquote></div>#close",
    "&lt;/blockquote&gt;<br>#close",
    "=0A#close",
    "",
    "Hello,",
    "it is jammed and nobody comes since Monday,",
    "one word after the other makes a line that is longer than any program leaves it, so that it is wrapped and #close",
    "please tell everybody in the department that the printer on the third floor wants to #resolve -- all of it now",
)


@dataclass(frozen=True)
class Answer:
    """An agent's answer, and the commands that the agent wrote into it."""

    mail: Mail
    orders: list[str]


def alert(random: Random) -> str:
    """An alert with a customer's text, as its reader sees it."""
    said = "\n".join(random.choice(HOSTILE) for _ in range(random.randrange(1, 9)))
    return (
        f"{MARKER}\n\nYour answer goes to Karen Client (public reply).\n\nNew ticket [#1001] from Karen Client.\n"
        f"due tomorrow 03:00, in 18 h | Normal priority | General Inquiry | assigned to nobody\n\n"
        f"Karen Client wrote:\n\n{said}\n\nNote [1]   Claim [2]\n\n{'-' * 70}\n"
        f"[2] Claim: mailto:support+kn.7j.5usxphcot5qahf.3dpw@bank.example?subject=x&body=%23claim%0D%0A%23end\n\n"
        "Or put commands on top of an answer, such as #assign NAME or #transfer DEPARTMENT; #help lists them.\n"
    )


def _marked(mark: str, *, rest: str) -> Callable[[str, int], str]:
    """Each line with a mark; `rest` stands before what a program wraps."""

    def quote(text: str, width: int) -> str:
        out = []
        for line in text.split("\n"):
            first, *more = textwrap.wrap(line, width - len(mark), drop_whitespace=True) or [""]
            out += [f"{mark}{first}".rstrip(), *(f"{rest}{each}" for each in more)]
        return "\n".join(out)

    return quote


def _bare(text: str, width: int) -> str:
    return "\n".join(each for line in text.split("\n") for each in (textwrap.wrap(line, width) or [""]))


WROTE = "On Mon, 2 Nov 2026 at 10:00 First Bank Support <support@bank.example> wrote:"
HEADER = "From: Bank <support@bank.example>\nSent: Monday, 2 November 2026 10:00\nTo: Ann\nSubject: [#1001] x\n"
PROGRAMS: dict[str, tuple[str, Callable[[str, int], str]]] = {
    "marks": (WROTE, _marked("> ", rest="> ")),
    "marks without a blank": (WROTE, _marked(">", rest=">")),
    "marks that a wrapped line lacks": (WROTE, _marked("> ", rest="")),
    "the same without a blank": (WROTE, _marked(">", rest="")),
    "bars": (WROTE, _marked("| ", rest="| ")),
    "Outlook": (f"{'_' * 32}\n{HEADER}", _bare),
    "Outlook Express": (f"-----Original Message-----\n{HEADER}", _bare),
    "an announcing line": (f"{WROTE}\n", _bare),
    "nothing": ("", _bare),
}


def answer(seed: int, number: int) -> Answer:
    """One answer; it depends on the seed and its number alone."""
    random = Random(f"{seed}:{number}")
    order = random.choice(ORDERS)
    above, quote = PROGRAMS[random.choice(list(PROGRAMS))]
    own = f"{order}\n\n{OWN}" if order else OWN
    quoted = f"{above}\n{quote(alert(random), random.choice(WIDTHS))}"
    below = quote is not _bare and not order and random.random() < 0.3
    text = f"{quoted}\n\n{own}" if below else f"{own}\n\n{quoted}"
    fields = {"subject": "Re: [#1001] x", "in_reply_to": ("<n@bank.example>",)}
    if random.random() < 0.2:
        inner = "<br>".join(escape(line) for line in alert(random).split("\n"))
        page = f"<div>{'<br>'.join(own.split(chr(10)))}</div><br><blockquote type=cite>{inner}</blockquote>"
        return Answer(mail(html=page, **fields), [order] if order else [])
    return Answer(mail(text=text, **fields), [order] if order else [])


def fault(made: Answer) -> str:
    """What is done that the agent did not write, or lost of what they wrote; "" if nothing is."""
    body = read_body(made.mail)
    found = read_commands(without_link_lines(body.lines))
    orders = [f"#{each.verb} {each.value}".strip() for each in found.commands]
    orders += [f"problem: {problem}" for problem in found.problems]
    if orders != made.orders:
        return f"commands {orders}, not {made.orders}"
    rest = "\n".join(found.rest).strip()
    return "" if rest == OWN else f"text {rest!r}"


def run(seed: int, numbers: Sequence[int]) -> list[str]:
    """The faults of these answers."""
    return [f"seed {seed} number {number}: {found}" for number in numbers if (found := fault(answer(seed, number)))]


def main(arguments: Sequence[str]) -> int:
    options = argparse.ArgumentParser(prog="python -m tests.answers", description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--count", type=int, default=2000, metavar="N")
    options.add_argument("--seed", type=int, default=1, metavar="S")
    options.add_argument("--first", type=int, default=0, metavar="N", help="number of the first answer")
    wanted = options.parse_args(arguments)
    if wanted.count == 1:
        made = answer(wanted.seed, wanted.first).mail
        print(made.html or made.text)
    faults = run(wanted.seed, range(wanted.first, wanted.first + wanted.count))
    print("\n".join(faults[:50]))
    print(f"{wanted.count} answers, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
