"""A mail that is about no ticket opens one: form lines, rules, limits, acknowledgement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape

from mailgate.desk.hold import spam
from mailgate.desk.notify.admin import came_to, to_admin
from mailgate.desk.opening.draft import draft, rule_input
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.situation import KnownRequester, Situation
from mailgate.errors import Refused
from mailgate.mail import normalise
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase, phrase
from mailgate.reading.encodings.mojibake import repaired
from mailgate.reading.page import excerpt
from mailgate.reading.quotes.shape import EMAIL
from mailgate.reasons import Reason, Screen
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.people.collaborators import collaborators_of, of_own_organization
from mailgate.rules.people.desk_addresses import deciding_address, delivered_to, desk_address, desk_recipients
from mailgate.rules.routing.criteria import RuleInput, declared_language
from mailgate.rules.routing.route import Routed, route
from mailgate.rules.screening.bulk import below_marker
from mailgate.rules.text.forms import Form, read_form
from mailgate.rules.text.subject import own_subject, strip_subject
from mailgate.rules.ticket import acts, lifecycle
from mailgate.rules.ticket.lifecycle import open_routed
from mailgate.rules.ticket.participants import agree, put_in_cc
from mailgate.settings import Config
from mailgate.system import maillog
from mailgate.ticket import Actor, Address, Change, Entry, EntryKind, Ticket
from mailgate.writing.templates.canned import fill_canned


def rule_input_of(situation: Situation, form: Form, context: Context, *, known: bool) -> RuleInput:
    """The input of rules for a mail."""
    received, config = situation.received, context.config
    recipients = desk_recipients(received.mail, received.envelope, config)
    return rule_input(
        mail=received.mail,
        body=received.body,
        form=form,
        recipients=delivered_to(received.mail, received.envelope, config),
        address=deciding_address(recipients, config),
        source=received.source,
        arrived_at=received.arrived_at,
        requester=received.mail.author.email,
        known=known,
        auth=situation.sender.dmarc,
        declared=declared_language(received.mail),
        config=config,
    )


_EMAIL_LINES = ("email", "e-mail", "mail", "e-mail address", "email address")  # form lines


@dataclass(frozen=True, slots=True)
class _Opening:
    """A mail that rules accept, and the person whose ticket it opens."""

    situation: Situation
    given: RuleInput
    form: Form
    routed: Routed
    author: Address
    context: Context
    follows: int | None  # the closed ticket that it answers too late to reopen

    @property
    def requester(self) -> KnownRequester:
        """What is known of the requester."""
        return self.situation.known.requesters[self.author.email]

    @property
    def text(self) -> str:
        """The text of the mail without form lines."""
        return _text(self.situation, self.form)


def open_from_mail(situation: Situation, context: Context, *, follows: int | None = None) -> Outcome:
    """Open a ticket for a mail. `follows`: the closed ticket that it answers too late to reopen."""
    config = context.config
    author = author_of(situation, config)
    if not author.email:
        return Outcome(state="quarantined", reason=Reason.UNREADABLE, why="nobody is named as its sender")
    form = read_form(situation.received.body.visible)
    known = situation.known.requesters[author.email].known
    given = rule_input_of(situation, form, context, known=known)
    routed = route(given, config, context.rules)
    if routed.drop:
        return Outcome(state="dropped", reason=Reason.RULE_DROP, why=routed.drop.origin, routed=routed, form=form)
    if routed.reject:
        return rejected(situation, routed, form, author, context)
    if routed.requester:
        author = named_to_reply(situation, config) or author
    opening = _Opening(situation, given, form, routed, author, context, follows)
    return _joined(opening) or _over_limit(opening) or _opened(opening)


def _joined(opening: _Opening) -> Outcome | None:
    """The outcome of a mail that joins its author's ticket of the same subject by a rule; None if there is none.

    For monitoring, which sends the same subject with other figures many times an hour. The mail is a message, which
    reopens a resolved ticket, and gets no automatic answer.
    """
    situation, routed, context = opening.situation, opening.routed, opening.context
    ticket, arrived = opening.requester.joinable, situation.received.arrived_at
    if not routed.join or opening.follows or ticket is None or ticket.created_at < arrived - routed.join:
        return None
    entry = message_on(ticket, situation, opening.author, opening.text, EntryKind.MESSAGE, context.config)
    stamp = acts.Stamp(entry.by, entry.at)
    change = lifecycle.receive(ticket, entry, stamp, context.config, participant=True)
    occasion = Occasion(
        by=stamp.by,
        cause=situation.received.source_key,
        author=entry.author,
        now=context.now,
        extra_alert=routed.alert,
        answers=entry.message_id,
    )
    announced = (situation.known.announced(change, occasion),)
    return Outcome(ticket=ticket.number, reason=Reason.JOINED, announced=announced, routed=routed)


def _opened(opening: _Opening) -> Outcome:
    situation, routed, context = opening.situation, opening.routed, opening.context
    follows = opening.follows
    number = situation.known.next_number
    links = tuple(dict.fromkeys((*([follows] if follows else []), *situation.match.strangers_to)))
    change = spam.noted(_open(opening, number, links), situation, context.config)
    occasion = Occasion(
        by=change.events[0].by,
        cause=situation.received.source_key,
        author=opening.author,
        now=context.now,
        answers=situation.received.mail.message_id,
        automatic=may_answer(situation, context),
        reveal=_reveal(opening),
        extra_alert=routed.alert,
        canned=_canned(routed, change.after, context),
        facts=_facts(follows, context.config),
        remarks=(*_remarks(situation, follows, opening.author, context.config), *put_in_cc(change, opening.author)),
        links=agree(change, opening.author.email),
    )
    return Outcome(
        ticket=number,
        reason=situation.match.why,
        announced=(situation.known.announced(change, occasion, similar_to=opening.text),),
        routed=routed,
        form=opening.form,
        first_time=not opening.requester.known,
    )


def _canned(routed: Routed, ticket: Ticket, context: Context) -> str:
    """The canned response of a rule; "", and so the acknowledgement, if it cannot be filled in."""
    if routed.canned is None:
        return ""
    try:
        return fill_canned(str(routed.canned.value), ticket, "", context.config, context.catalogue)
    except Refused as trouble:
        maillog.template_error(NoticeKind.ACKNOWLEDGEMENT, "; ".join(map(context.in_english, trouble.reasons)))
        return ""


def may_answer(situation: Situation, context: Context) -> bool:
    """Whether the mail may be answered automatically; marked as spam it may not."""
    received = situation.received
    if situation.spam:
        return False
    recent = context.now - received.arrived_at <= context.config.notices.acknowledge_within
    return recent and not received.quiet and _answerable(situation)


def _answerable(situation: Situation) -> bool:
    """Whether the sender may be answered automatically at all, now or later."""
    answerable = situation.screened.kind in (Screen.HUMAN, Screen.BULK) and situation.sender.dmarc != "fail"
    return answerable and not situation.received.envelope.is_null


def _autoresponse(routed: Routed, situation: Situation) -> bool:
    """Whether the ticket's requester gets automatic notices; a machine only if a rule says so."""
    chosen = routed.values.get("autoresponse")
    if chosen is None or not _answerable(situation):
        return situation.human and _answerable(situation)
    return bool(chosen.value) and (situation.human or chosen.rule != "")


def author_of(situation: Situation, config: Config) -> Address:
    """The author; of a mail from an address of the desk, as of a web form, the person that it names.

    The address is "" if nobody is named.
    """
    author = _sender(situation)
    if not desk_address(author.email, config):
        return author
    original, form = situation.received.body.original, read_form(situation.received.body.visible)
    written = next((value for name in _EMAIL_LINES if EMAIL.fullmatch(value := form.get(name))), "")
    others = (
        named_to_reply(situation, config),
        original.sender if original else None,
        Address(normalise(written), form.get("name")) if written else None,
    )
    return next((each for each in others if each and not desk_address(each.email, config)), author)


def _sender(situation: Situation) -> Address:
    """From, else the envelope's sender."""
    author = situation.received.mail.author
    if "@" in author.email:
        return author
    sender = situation.received.envelope.sender or ""
    return Address(sender) if "@" in sender else Address("")


def _open(opening: _Opening, number: int, links: tuple[int, ...]) -> Change:
    situation, config, mail = opening.situation, opening.context.config, opening.situation.received.mail
    ticket = draft(
        opening.given,
        opening.routed,
        number=number,
        subject=repaired(strip_subject(mail.subject, config.desk)),
        requester=opening.author,
        autoresponse=_autoresponse(opening.routed, situation) and not desk_address(opening.author.email, config),
        links=links,
        now=opening.context.now,
        config=config,
    )
    if situation.human:
        proven = situation.authors
        forged = situation.sender.dmarc == "fail"
        people = collaborators_of(
            (*mail.to, *mail.cc),
            ticket,
            config,
            active=lambda email: proven or (not forged and of_own_organization(email, opening.author.email, config)),
        )
        ticket = replace(ticket, collaborators=people) if people else ticket
    stamp = acts.Stamp(Actor.requester(opening.author.email), opening.context.now)
    entry = _with_history(entry_of(situation, opening.author, opening.text), opening)
    entry = replace(entry, came_for=0) if entry.came_for else entry  # its own
    return open_routed(ticket, opening.routed, stamp, config, entry)


def _with_history(entry: Entry, opening: _Opening) -> Entry:
    """The first message, with the conversation that it goes on: the desk was not part of it and does not have it.

    Where the mail names a ticket the desk has it, and whose it is decides who may read it.
    """
    body, match = opening.situation.received.body, opening.situation.match
    said = _own_text(opening.situation, opening.form)  # without any, the text is the whole mail already
    if not (body.history and said) or opening.follows or match.why is not Reason.NOTHING_NAMES_A_TICKET:
        return entry
    lines = "<br>".join(map(escape, body.history.split("\n")))
    page = f"{entry.html}<p>{lines}</p>" if entry.html else ""
    return replace(entry, text=f"{entry.text}\n\n{body.history}", html=page, cut=body.signature)


def _text(situation: Situation, form: Form) -> str:
    """The text of a mail without form lines; with the forwarded mail, if it forwards one."""
    return _own_text(situation, form) or situation.received.mail.text


def _own_text(situation: Situation, form: Form) -> str:
    body = situation.received.body
    return (replace(body, visible=form.rest) if form.fields else body).whole.strip()


def message_on(
    ticket: Ticket, situation: Situation, author: Address, text: str, kind: EntryKind, config: Config
) -> Entry:
    """The mail as a further thread entry, with its subject where that is not the ticket's."""
    merged = situation.known.ticket(situation.match.came_for)
    tickets = (ticket, merged) if merged else (ticket,)
    called = (subject for each in tickets for subject in (each.subject, *each.was_called))
    subject = own_subject(situation.received.mail.subject, called, config.desk)
    return replace(entry_of(situation, author, text, kind), subject=subject)


def entry_of(situation: Situation, author: Address, text: str, kind: EntryKind = EntryKind.MESSAGE) -> Entry:
    """The mail as a thread entry of its author."""
    received, text = situation.received, below_marker(text)
    return Entry(
        kind=kind,
        by=Actor.requester(author.email),
        author=author,
        at=received.arrived_at,
        text=repaired(text),
        html=excerpt.cut(received.body.html, text),
        cut=received.body.cut,
        message_id=received.mail.message_id,
        attachments=situation.attachments,
        inbox_id=received.id or None,
        came_for=situation.match.came_for,
    )


def _reveal(opening: _Opening) -> bool:
    """Whether the acknowledgement may quote the mail: not if its author is only claimed by From or Reply-To."""
    situation = opening.situation
    own = opening.author.email == situation.received.mail.author.email
    return (own and situation.authors) or opening.requester.proven


def _facts(follows: int | None, config: Config) -> tuple[Phrase, ...]:
    """The sentence on an earlier ticket for the requester."""
    if not follows:
        return ()
    token = config.desk.token.replace("{number}", str(follows))
    return (Phrase("told.follows", (("earlier", token),)),)


def _remarks(situation: Situation, follows: int | None, requester: Address, config: Config) -> Iterator[Phrase]:
    if follows:
        yield phrase("remark.follows", number=follows)
    if situation.match.why is Reason.NOT_REMEMBERED:
        yield Phrase("remark.unknown_mail")
    for number in situation.match.strangers_to:
        yield phrase("remark.strange", number=number)
    sender = _sender(situation).email
    if desk_address(requester.email, config):
        yield phrase("remark.from_desk", sender=sender)
    elif desk_address(sender, config):
        yield phrase("remark.from_desk_for", sender=sender, requester=requester.email)


def named_to_reply(situation: Situation, config: Config) -> Address | None:
    """The person in Reply-To; never the desk itself."""
    replies = situation.received.mail.reply_to
    return next((each for each in replies if each.email and not desk_address(each.email, config)), None)


# ── not opened ──────────────────────────────────────────────────────────────────────────


def rejected(situation: Situation, routed: Routed, form: Form, author: Address, context: Context) -> Outcome:
    """A rule rejects the mail; its author is notified of the reason if automatic answers are allowed."""
    assert routed.reject is not None
    outcome = Outcome(state="dropped", reason=Reason.RULE_REJECT, why=routed.reject.origin, routed=routed, form=form)
    if may_answer(situation, context) and situation.human:
        notice = _to_author(NoticeKind.REJECTED, author, situation, context)
        outcome = outcome.with_notices(replace(notice, facts=(str(routed.reject.value),)))
    return outcome


def _over_limit(opening: _Opening) -> Outcome | None:
    """The outcome of a mail whose author has reached `max_open_per_requester`; None for others."""
    situation, author, context = opening.situation, opening.author, opening.context
    most = context.config.tickets.max_open_per_requester
    if opening.requester.open_tickets < most:
        return None
    outcome = Outcome(
        state="quarantined",
        reason=Reason.LIMIT,
        why=f"{author.email} has {most} open tickets, the most there may be",
        routed=opening.routed,
        form=opening.form,
    )
    if may_answer(situation, context) and situation.human and not opening.requester.limit_notified:
        outcome = outcome.with_notices(_to_author(NoticeKind.LIMIT_REACHED, author, situation, context))
    fact = phrase("admin.limit", email=author.email, most=most)
    subject = phrase("admin.limit_subject", email=author.email)
    return outcome.with_notices(*to_admin(f"limit:{author.email}:{context.now:%Y-%m-%d}", subject, (fact,), context))


def _to_author(kind: NoticeKind, author: Address, situation: Situation, context: Context) -> Notice:
    mail = situation.received.mail
    return Notice(
        kind=kind,
        to=author,
        cause=situation.received.source_key,
        subject=mail.subject,
        in_reply_to=mail.message_id,
        is_first=True,
        address=came_to(situation, context.config),
    )
