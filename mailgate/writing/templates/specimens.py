"""Specimen views of each kind, one full and one bare, on which templates are tried.

So `check` finds a misspelt variable before a mail needs it. No notice is made of them.
"""

from __future__ import annotations

from dataclasses import replace

from mailgate.mail import MARKER
from mailgate.notice import REPLYABLE_KINDS, NoticeKind
from mailgate.rules.notices.combined import TOGETHER
from mailgate.writing.views.links import Link
from mailgate.writing.views.views import (
    AgentView,
    AnswerView,
    BarView,
    EntryView,
    FileView,
    ListingView,
    MailView,
    OtherView,
    ReportView,
    RequesterView,
    RowView,
    SimilarView,
    TableView,
    TicketView,
    View,
)

# Kinds that can be about a mail which is on no ticket.
WITHOUT_TICKET = frozenset(
    {
        NoticeKind.LIMIT_REACHED,
        NoticeKind.REJECTED,
        NoticeKind.DELIVERY_FAILED,
        NoticeKind.COMMAND_FAILED,
        NoticeKind.CONFIRM,
        NoticeKind.ANSWER,
        NoticeKind.DIGEST,
        NoticeKind.REPORT,
        NoticeKind.ADMIN,
    }
)
_FILE = FileView("invoice.pdf", "120 kB")
_LONG = "word " * 40
_ENTRY = EntryView(
    kind="internal note",
    internal=True,
    author="Elliot Alderson",
    at="Fri 20 Nov 2026, 13:00 EST",
    text=_LONG,
    files=(_FILE,),
)


_LINK = Link("Claim", "mailto:support@desk.example", number=1)
_LISTING = ListingView(
    "Mine (1)", ("Ticket", "Subject"), (("#1001", _LONG),), ("", ""), ((_LINK,),), ("It is down.",), (True,)
)


def specimens(kind: NoticeKind) -> tuple[View, ...]:
    """Return a full and a bare view for `kind`, and one about several tickets where it may be."""
    if kind.to_requester:
        return _requester(kind, full=True), _requester(kind, full=False)
    full, bare = _agent(kind, full=True), _agent(kind, full=False)
    if kind not in TOGETHER:
        return full, bare
    return full, bare, replace(full, ticket=None, text="", latest=None, history=(), others=())


def _requester(kind: NoticeKind, *, full: bool) -> RequesterView:
    ticket = full or kind not in WITHOUT_TICKET
    return RequesterView(
        marker=MARKER,
        desk="Help Desk",
        address="support@desk.example",
        address_name="Support",
        name="Karen Client" if full else "",
        number="1001" if ticket else "",
        token="[#1001]" if ticket else "",
        subject=_LONG if full else "(no subject)",
        status="resolved" if ticket else "",
        status_name="resolved" if ticket else "",
        by="Elliot Alderson" if full else "",
        facts=("This happened.", "That, too.") if full else (),
        text="Some words.\n\nSome more." if full else "",
        html="<p>Some <b>words</b>.</p><p>Some more.</p>" if full else "",
        canned="Some words." if full else "",
        files=(_FILE, _FILE) if full else (),
        left_out=(FileView("setup.exe", "1.2 MB", "not passed on"),) if full else (),
        signature="Elliot Alderson\nSupport" if full else "",
        quoted=(_ENTRY,) if full else (),
        ratings=(Link("good", "mailto:support@desk.example"),) if full else (),
        reopen_days=30,
        resolved=full,
        preview="Some words." if full else "",
    )


def _agent(kind: NoticeKind, *, full: bool) -> AgentView:
    ticket = full or kind not in WITHOUT_TICKET
    return AgentView(
        marker=MARKER,
        desk="Help Desk",
        address="support@desk.example",
        address_name="Support",
        name="Elliot Alderson" if full else "",
        destination="Your answer goes to Karen Client (public reply)." if full else "",
        public=kind in REPLYABLE_KINDS,
        by="Karen Client" if full else "",
        facts=("This happened.", "That, too.") if full else (),
        text="Some words.\n\nSome more." if full else "",
        html="<p>Some <b>words</b>.</p><p>Some more.</p>" if full else "",
        not_shown="3 lines not shown." if full else "",
        files=(_FILE, _FILE) if full else (),
        left_out=(FileView("setup.exe", "1.2 MB", "not passed on"),) if full else (),
        subject=_LONG if full else "(no subject)",
        ticket=_ticket(full=full) if ticket else None,
        similar=(SimilarView("[#990]", "Portal is down", "resolved by Ann"),) if full else (),
        others=(OtherView("[#991]", _LONG, "open", Link("Merge into [#991]", "mailto:support@desk.example")),)
        if full
        else (),
        mails=(MailView("karen@client.example", _LONG, "X-Spam-Flag: YES", (Link("Release", "mailto:a@b.example"),)),)
        if full
        else (),
        latest=_ENTRY if full else None,
        history=(_ENTRY, _ENTRY) if full else (),
        links=(_LINK,) if full else (),
        numbered=(_LINK,) if full else (),
        listings=(_LISTING,) if full else (),
        answers=_answers() if full else (),
        ref="n.aaaa.aaaaa" if full else "",
        code="ABCDEF" if full else "",
        preview="Some words." if full else "",
        report=_report() if kind is NoticeKind.REPORT else None,
    )


def _report() -> ReportView:
    bars = (BarView("Resolved", "92%", "35 of 38", 92), BarView("Answered", "–"))
    table = TableView("By agent", ("opened", "in time"), (RowView("Elliot Alderson", bars),))
    return ReportView(
        period="Mon 16 Nov 2026, 08:00 CET to Mon 23 Nov 2026, 08:00 CET",
        scope="The whole desk.",
        counts=bars,
        attainment=bars,
        satisfaction=bars,
        backlog=bars[:1],
        backlog_said="From 2 to 9 a day, 9 at the end.",
        times=table,
        tables=(table, table),
        text="Opened 38",
    )


def _ticket(*, full: bool) -> TicketView:
    return TicketView(
        number="1001",
        token="[#1001]",
        subject="Printer" if full else "(no subject)",
        requester="Karen Client" if full else "karen@client.example",
        requester_email="karen@client.example",
        customer="Big Co" if full else "",
        department="Support",
        topic="General Inquiry",
        priority="Normal",
        status="open",
        satisfaction="good" if full else "",
        assignee="Elliot Alderson" if full else "",
        sla="Default SLA",
        due="Fri 20 Nov 2026, 13:00 EST" if full else "",
        clock="due today 13:00, in 2 h" if full else "",
        overdue=full,
        first_response_by="Fri 20 Nov 2026, 12:00 EST" if full else "",
        opened="Fri 20 Nov 2026, 09:00 EST",
        collaborators=("Jane",) if full else (),
        tags=("portal",) if full else (),
        links=("[#1000]",) if full else (),
        form=(("Phone", "555 0100"),) if full else (),
        glance="Normal priority | General Inquiry | nobody",
        rows=(("Department", "Support"), ("Phone", "555 0100")),
    )


def _answers() -> tuple[AnswerView, ...]:
    return (
        AnswerView("Mine (1)\n\n#1001", listing=_LISTING),
        AnswerView("Ticket 7 was not found."),
        AnswerView("#show   a ticket", fixed=True),
        AnswerView("[#1001] Printer", ticket=_ticket(full=True), thread=(_ENTRY,)),
    )
