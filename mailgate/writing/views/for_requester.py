"""The view of a notice for a requester or collaborator: public values alone.

No note, no agent's key, no internal value of the ticket is looked at here, but for deciding to
leave something out.
"""

from __future__ import annotations

from mailgate.notice import Notice, NoticeKind
from mailgate.rules.replies import attachments as passing
from mailgate.rules.text.signature import is_signed
from mailgate.rules.threading.keys import key_text
from mailgate.rules.ticket.rating import RATINGS
from mailgate.settings import Config
from mailgate.ticket import EntryKind
from mailgate.writing.mail import identity
from mailgate.writing.mail.headers import plain
from mailgate.writing.mail.inline import shown_in, with_images
from mailgate.writing.mail.mime import readable
from mailgate.writing.views import links
from mailgate.writing.views.formatting import entry_view, file_view, files, preview, words
from mailgate.writing.views.links import Link
from mailgate.writing.views.views import EntryView, FileView, RequesterView
from mailgate.writing.views.words import Words

_SPOKEN = frozenset({NoticeKind.REPLY, NoticeKind.ASKED})  # an agent's own words, signed
_ECHO_LIMIT = 10_000  # characters of their own text in an acknowledgement


def requester_view(notice: Notice, config: Config, message_id: str, own: Words) -> RequesterView:
    """Return the view; `message_id` is the mail's own, whose key proves a rating."""
    address = identity.desk_address(notice, config)
    ticket = notice.ticket
    going = passing.of(notice, config.attachments).attached
    # A person's answer is passed on whole; what requesters wrote themselves they have
    text = words(notice.text, len(notice.text) if notice.kind in _SPOKEN else _ECHO_LIMIT)
    page = with_images(notice.html, going) if notice.reveal and notice.kind in _SPOKEN and text else ""
    beside = tuple(file for file in going if not shown_in(page, file))  # what stands in the page is no attachment
    return RequesterView(
        marker=own.marker if config.desk.marker else "",
        desk=identity.desk_name(notice, config),
        address=address.email,
        address_name=address.name,
        name=plain(notice.to.name, 100),
        number=str(ticket.number) if ticket else "",
        token=identity.token(ticket.number, config) if ticket else "",
        subject=identity.title(notice, config),
        status=str(ticket.status) if ticket else "",
        status_name=own.phrases[f"status.{ticket.status}"] if ticket else "",
        by=identity.agent_name(notice, config),
        facts=tuple(readable(own.sentence(fact, config.desk.timezone)) for fact in notice.facts),
        text=text if notice.reveal else "",
        canned=readable(notice.canned),
        html=page,
        files=files(beside, own) if notice.reveal else (),
        left_out=_left_out(notice, config, own) if notice.reveal else (),
        signature=_signature(notice, config),
        quoted=_quoted(notice, config, own),
        ratings=_ratings(notice, config, message_id, own) if notice.asks else (),
        reopen_days=config.tickets.reopen_within.days,
        resolved=ticket is not None and not ticket.status.active,
        preview=preview(text) if notice.reveal else "",
    )


def _left_out(notice: Notice, config: Config, own: Words) -> tuple[FileView, ...]:
    """The files that are not in the mail, with the reasons."""
    sorted_, rules = passing.of(notice, config.attachments), config.attachments
    too_large = ((file, own.phrases["files.too_large"]) for file in sorted_.too_large)
    blocked = (
        (file, own.filled("files.blocked", ending=passing.blocked(file.name, rules))) for file in sorted_.blocked
    )
    return tuple(file_view(file, own, why) for file, why in (*too_large, *blocked))


def _ratings(notice: Notice, config: Config, message_id: str, own: Words) -> tuple[Link, ...]:
    """The rating links, with the key of this mail.

    It was made for them alone and gives nobody any right but to rate this ticket.
    """
    address = identity.desk_address(notice, config)
    answer_to = identity.reply_to(address, message_id)
    foot = f"\n\n\nRef: {key_text(message_id)}\n" if answer_to == address.email else "\n\n"
    subject = "Re: " + identity.subject(notice, config).removeprefix("Re: ")
    return links.mailto(answer_to, subject, [(own.phrases[f"ratings.{word}"], f"#{word}\n{foot}") for word in RATINGS])


def _quoted(notice: Notice, config: Config, own: Words) -> tuple[EntryView, ...]:
    """Earlier entries for a requester: no notes; and where agents are masked, what the requester's side wrote."""
    shown = {EntryKind.MESSAGE, EntryKind.REPLY}
    if "{agent}" not in identity.desk_address(notice, config).from_:
        shown = {EntryKind.MESSAGE}
    zone = config.desk.timezone
    entries = (entry for entry in notice.history if entry.kind in shown)
    return tuple(entry_view(entry, own.dates.written(entry.at, zone), own) for entry in entries)


def _signature(notice: Notice, config: Config) -> str:
    """The agent's signature, or name where the text does not end with it, then the department's.

    The signature is the configured one, else that of the agent's mail program. Masked agents (an address whose
    `from` has no `{agent}`) are not named here either, and a department that is not public signs nothing.
    """
    if notice.kind not in _SPOKEN or not notice.ticket:
        return ""
    language = notice.ticket.language or config.desk.language
    lines: list[str] = []
    name = identity.agent_name(notice, config)
    if name:
        own = config.agents[notice.by_agent].signature.get(language).strip()
        lines.append(own or readable(notice.signature) or ("" if is_signed(notice.text, name) else name))
    department = config.departments.get(notice.ticket.department)
    if department and department.public:
        lines.append(department.signature.get(language).strip())
    return "\n".join(line for line in lines if line)
