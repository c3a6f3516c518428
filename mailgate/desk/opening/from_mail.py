"""A mail that belongs to no ticket opens one: form lines, rules, limits, acknowledgement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from mailgate.desk.notify.admin import came_to, tell_admin
from mailgate.desk.opening.joining import join, to_join
from mailgate.desk.outcome import Announcement, Context, Outcome
from mailgate.desk.situation import Situation
from mailgate.errors import Refused
from mailgate.mail import normalise
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase
from mailgate.reading.encodings.mojibake import repaired
from mailgate.reading.page import excerpt
from mailgate.reading.quotes.shape import EMAIL
from mailgate.reasons import Reason, Screen
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.people.collaborators import collaborators_of
from mailgate.rules.people.desk_addresses import deciding_address, desk_address, desk_recipients
from mailgate.rules.routing.criteria import RuleInput, language_of
from mailgate.rules.routing.route import Routed, route
from mailgate.rules.screening.bulk import below_marker
from mailgate.rules.sla.calendar import open_at
from mailgate.rules.text import language
from mailgate.rules.text.forms import Form, read_form
from mailgate.rules.text.subject import strip_subject
from mailgate.rules.ticket import acts
from mailgate.rules.ticket.lifecycle import open_routed
from mailgate.rules.ticket.participants import agree, put_in_cc
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.people import audience
from mailgate.store.tickets import tickets
from mailgate.system import maillog
from mailgate.ticket import Actor, Address, Assignee, Change, Entry, EntryKind, Status, Ticket
from mailgate.writing.templates.canned import fill_canned


def rule_input(situation: Situation, form: Form, context: Context, *, known: bool) -> RuleInput:
    """What rules may ask about the mail."""
    received, config = situation.received, context.config
    recipients = desk_recipients(received.mail, received.envelope, config)
    return RuleInput(
        mail=received.mail,
        body=received.body,
        form=form,
        recipients=recipients,
        address=deciding_address(recipients, config),
        source=received.source,
        arrived_at=received.arrived_at,
        known=known,
        auth=situation.sender.dmarc,
        language=language_of(received.mail),
        customer=customer.name if (customer := config.customer_of(received.mail.author.email)) else "",
        within=partial(open_at, config.schedules),
    )


_EMAIL_LINES = ("email", "e-mail", "mail", "e-mail address", "email address")  # form lines


@dataclass(frozen=True, slots=True)
class _Opening:
    """A mail that the rules let in, and for whom a ticket of it would be."""

    situation: Situation
    given: RuleInput
    form: Form
    routed: Routed
    author: Address
    context: Context
    follows: int | None  # the ended ticket that it answers too late to reopen

    @property
    def emails(self) -> tuple[str, ...]:
        """Every address of the requester."""
        return tuple(self.context.config.addresses_of(self.author.email))

    @property
    def words(self) -> str:
        """The mail's words, without form lines."""
        return _words(self.situation, self.form)

    def text(self, key: str, default: str = "") -> str:
        """What the ticket has by its routing."""
        value = self.routed.get(key)
        return value if isinstance(value, str) else default


def open_from_mail(db: Db, situation: Situation, context: Context, *, follows: int | None = None) -> Outcome:
    """Open a ticket for a mail. `follows`: the ended ticket that it answers too late to reopen."""
    config = context.config
    form = read_form(situation.received.body.visible)
    author = _requester(situation, form, config)
    if not author.email:
        return Outcome(state="quarantined", reason=Reason.UNREADABLE, why="nobody is named as its sender")
    known = tickets.is_known(db, *config.addresses_of(author.email))
    given = rule_input(situation, form, context, known=known)
    routed = route(given, config)
    if routed.drop:
        return Outcome(state="dropped", reason=Reason.RULE_DROP, why=routed.drop.origin, routed=routed, form=form)
    if routed.reject:
        return rejected(situation, routed, form, author, context)
    if routed.requester:
        author = _named_to_reply(situation, config) or author
    opening = _Opening(situation, given, form, routed, author, context, follows)
    return _joined(db, opening) or _over_limit(db, opening) or _opened(db, opening)


def _joined(db: Db, opening: _Opening) -> Outcome | None:
    """What becomes of a mail that a rule has join a ticket; None where there is none to join."""
    routed, received, context = opening.routed, opening.situation.received, opening.context
    if not routed.join or opening.follows:
        return None
    entry = entry_of(opening.situation, opening.author, opening.words)
    ticket = to_join(db, entry, received.mail.subject, routed.join, context)
    return join(ticket, entry, routed, received.source_key, context) if ticket else None


def _opened(db: Db, opening: _Opening) -> Outcome:
    situation, routed, context = opening.situation, opening.routed, opening.context
    follows = opening.follows
    number = tickets.next_number(db, context.first_number)
    links = tuple(dict.fromkeys((*([follows] if follows else []), *situation.match.strangers_to)))
    change = _open(opening, number, links)
    occasion = Occasion(
        by=change.events[0].by,
        cause=situation.received.source_key,
        author=opening.author,
        now=context.now,
        answers=situation.received.mail.message_id,
        automatic=may_answer(situation, context),
        reveal=_reveal(db, situation, opening.author, context),
        extra_alert=routed.alert,
        canned=_canned(routed, change.after, context),
        told=_told(follows, context.config),
        remarks=(*_remarks(situation, follows, opening.author, context.config), *put_in_cc(change, opening.author)),
        links=agree(change, opening.author.email),
    )
    return Outcome(
        ticket=number,
        reason=situation.match.why,
        announced=(Announcement(change=change, occasion=occasion, similar_to=opening.words),),
        routed=routed,
        form=opening.form,
        first_time=not tickets.is_known(db, *opening.emails),
    )


def _canned(routed: Routed, ticket: Ticket, context: Context) -> str:
    """The canned response that a rule answers with; one that cannot be filled in leaves the acknowledgement."""
    if routed.canned is None:
        return ""
    try:
        return fill_canned(str(routed.canned.value), ticket, "", context.config)
    except Refused as trouble:
        maillog.template_error(NoticeKind.ACKNOWLEDGEMENT, str(trouble))
        return ""


def may_answer(situation: Situation, context: Context) -> bool:
    """Whether anything automatic may answer this mail (the public interface, section 7)."""
    received = situation.received
    recent = context.now - received.arrived_at <= context.config.notices.acknowledge_within
    return recent and not received.quiet and _answerable(situation)


def _answerable(situation: Situation) -> bool:
    """Whether its sender may be answered by a machine at all, now or later."""
    may_be_read = situation.screened.kind in (Screen.HUMAN, Screen.BULK) and situation.sender.dmarc != "fail"
    return may_be_read and situation.received.envelope.sender != ""


def _autoresponse(routed: Routed, situation: Situation) -> bool:
    """Whether the ticket's requester is told anything automatically; a machine only where a rule says so."""
    said = routed.values.get("autoresponse")
    if said is None or not _answerable(situation):
        return situation.human and _answerable(situation)
    return bool(said.value) and (situation.human or said.rule != "")


def _requester(situation: Situation, form: Form, config: Config) -> Address:
    """The sender; of a mail from an address of the desk itself, as web forms write, the person it names."""
    author = _author(situation)
    if not desk_address(author.email, config):
        return author
    original = situation.received.body.original
    written = next((value for name in _EMAIL_LINES if EMAIL.fullmatch(value := form.get(name))), "")
    others = (
        _named_to_reply(situation, config),
        original.sender if original else None,
        Address(normalise(written), form.get("name")) if written else None,
    )
    return next((each for each in others if each and not desk_address(each.email, config)), author)


def _author(situation: Situation) -> Address:
    author = situation.received.mail.author
    if "@" in author.email:
        return author
    sender = situation.received.envelope.sender or ""
    return Address(sender) if "@" in sender else Address("")


def _open(opening: _Opening, number: int, links: tuple[int, ...]) -> Change:
    situation, config, context = opening.situation, opening.context.config, opening.context
    received, mail = situation.received, situation.received.mail
    assign = opening.text("assign")
    tags = opening.routed.get("tags")
    sla = opening.routed.values["sla"]
    ticket = Ticket(
        number=number,
        subject=repaired(strip_subject(mail.subject, config.desk)),
        status=Status(opening.text("status", "open")),
        requester=Address(opening.author.email, opening.author.name or opening.form.get("name")),
        department=opening.text("department"),
        topic=opening.text("topic"),
        priority=opening.text("priority"),
        sla=str(sla.value),
        sla_from=sla.origin,
        address=opening.given.address,
        created_at=received.arrived_at,
        updated_at=context.now,
        assignee=Assignee.parse(assign) if assign else None,
        tags=tags if isinstance(tags, tuple) else (),
        fields=opening.form.fields or None,
        language=opening.text("language")
        or language.language_of(received.body.visible, opening.given.language)
        or config.desk.language,
        source=received.source,
        autoresponse=_autoresponse(opening.routed, situation) and opening.author.email not in config.addresses,
        template=opening.text("template"),
        sla_started_at=received.arrived_at,
        links=links,
    )
    if situation.human:
        genuine = situation.sender.dmarc != "fail"
        people = collaborators_of((*mail.to, *mail.cc), ticket, config, active=genuine)
        ticket = replace(ticket, collaborators=people) if people else ticket
    stamp = acts.Stamp(Actor.requester(opening.author.email), context.now)
    entry = entry_of(situation, opening.author, opening.words)
    entry = replace(entry, came_for=0) if entry.came_for else entry  # its own
    return open_routed(ticket, opening.routed, stamp, config, entry)


def _words(situation: Situation, form: Form) -> str:
    """The mail's words: without form lines, and whole where it forwards another."""
    mail, body = situation.received.mail, situation.received.body
    whole = replace(body, visible=form.rest).whole if form.fields else body.whole
    return whole.strip() or mail.text


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


def _reveal(db: Db, situation: Situation, author: Address, context: Context) -> bool:
    """Whether the acknowledgement may hold the mail's text: never for who was only named in a From, or Reply-To."""
    own = author.email == situation.received.mail.author.email
    return (own and situation.shows(context.keyring)) or audience.is_proven(db, author.email)


def _told(follows: int | None, config: Config) -> tuple[Phrase, ...]:
    """What the requester is told of an earlier ticket."""
    if not follows:
        return ()
    token = config.desk.token.replace("{number}", str(follows))
    return (Phrase("told.follows", (("earlier", token),)),)


def _remarks(situation: Situation, follows: int | None, requester: Address, config: Config) -> tuple[str, ...]:
    remarks = []
    if follows:
        remarks.append(f"It answers ticket {follows}, which ended too long ago to be reopened.")
    if situation.match.why is Reason.NOT_REMEMBERED:
        remarks.append(
            "It answers a mail that this desk does not know: the desk was restored from an older copy, or the ticket"
            " was erased."
        )
    remarks += [
        f"The mail names ticket {number}, but its sender is not on that ticket."
        for number in situation.match.strangers_to
    ]
    sender = _author(situation)
    if desk_address(requester.email, config):
        remarks.append(
            f"It is from {sender.email}, an address of this desk, and names nobody else: an answer would reach nobody."
            " Name the requester with #requester ADDRESS."
        )
    elif desk_address(sender.email, config):
        remarks.append(f"It is from {sender.email}, an address of this desk; {requester.email} is named in it.")
    return tuple(remarks)


def _named_to_reply(situation: Situation, config: Config) -> Address | None:
    """Who is to be answered by the mail's own word; never the desk, which would write to itself."""
    replies = situation.received.mail.reply_to
    return next((each for each in replies if each.email and not desk_address(each.email, config)), None)


# ── not opened ──────────────────────────────────────────────────────────────────────────


def rejected(situation: Situation, routed: Routed, form: Form, author: Address, context: Context) -> Outcome:
    """A rule refuses the mail; its author is told the reason where they may be answered."""
    assert routed.reject is not None
    outcome = Outcome(state="dropped", reason=Reason.RULE_REJECT, why=routed.reject.origin, routed=routed, form=form)
    if may_answer(situation, context) and situation.human:
        notice = _to_author(NoticeKind.REJECTED, author, situation, context)
        outcome = outcome.with_notices(replace(notice, facts=(str(routed.reject.value),)))
    return outcome


def _over_limit(db: Db, opening: _Opening) -> Outcome | None:
    """What becomes of a mail of somebody who has as many open tickets as there may be; None of anybody else's."""
    situation, author, context = opening.situation, opening.author, opening.context
    most = context.config.tickets.max_open_per_requester
    if tickets.open_count(db, *opening.emails) < most:
        return None
    outcome = Outcome(
        state="quarantined",
        reason=Reason.LIMIT,
        why=f"{author.email} has {most} open tickets, the most there may be",
        routed=opening.routed,
        form=opening.form,
    )
    day_ago = context.now - timedelta(days=1)
    told = audience.told_since(db, NoticeKind.LIMIT_REACHED, author.email, day_ago)
    if may_answer(situation, context) and situation.human and not told:
        outcome = outcome.with_notices(_to_author(NoticeKind.LIMIT_REACHED, author, situation, context))
    fact = f"{outcome.why}. Their mail lies in quarantine; see it with: mailgate queue quarantine list"
    return outcome.with_notices(
        *tell_admin(f"limit:{author.email}:{context.now:%Y-%m-%d}", f"Many tickets of {author.email}", (fact,), context)
    )


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
