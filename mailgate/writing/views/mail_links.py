"""The links of one mail to an agent: those that answer it, the commands that its reader may give, those of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailgate.notice import Listing, Notice, NoticeKind
from mailgate.phrase import Phrase, Sentence
from mailgate.rules.commands.permitted import permitted
from mailgate.rules.notices.confidential import SHOW
from mailgate.rules.notices.destination import Destination
from mailgate.rules.people.permissions import may
from mailgate.rules.replies import attachments as passing
from mailgate.rules.threading.keys import key_text, saying
from mailgate.rules.ticket.merging import mergeable
from mailgate.settings import Config
from mailgate.ticket import Ticket
from mailgate.writing.mail import identity
from mailgate.writing.views import links
from mailgate.writing.views.formatting import person
from mailgate.writing.views.links import Link
from mailgate.writing.views.words import Words

_ROWS_WITH_LINKS = 10  # rows of tables in a mail, at most, for their links to stand in the text part, too
_Offers = Iterable[tuple[Sentence, str]]  # (label, mail body)


class MailLinks:
    """Makes the links of a mail, which carry its key, and numbers them for the text part in the order of making.

    `message_id` is the mail's own; `goes_to` where an answer to it goes.
    """

    def __init__(self, notice: Notice, goes_to: Destination, config: Config, message_id: str, own: Words) -> None:
        self._notice, self._goes_to, self._config, self._own = notice, goes_to, config, own
        self._agent, self._zone = config.agents.get(notice.agent), config.zone(notice.agent)
        self._address, self._key = identity.desk_address(notice, config), key_text(message_id)
        self._message_id = message_id
        self._answer_to = identity.reply_to(self._address, message_id)
        about = f"{identity.token(notice.ticket.number, config)} " if notice.ticket else ""
        self._subject = f"Re: {about}{identity.title(notice, config)}"
        tables = [*notice.listings, *(each for each in notice.answers if isinstance(each, Listing))]
        self._rows_in_text = sum(len(each.tickets) for each in tables) <= _ROWS_WITH_LINKS
        self.numbered: tuple[Link, ...] = ()  # those made until now that have a number

    @property
    def ref(self) -> str:
        """The key where it stands in the mail's text, since the address does not hold it; else ""."""
        return self._key if self._answer_to == self._address.email else ""

    def of_mail(self) -> tuple[Link, ...]:
        """Those that the reader's role can use: the notice's own, those that open an empty mail, commands."""
        if self._agent is None or self._goes_to is Destination.UNSEEN:
            return ()
        first, empty = self._usable(self._notice.links), tuple(self._empty_mails())
        return self._number((*first, *empty, *self._usable(self._commands())))

    def of_row(self, ticket: Ticket) -> tuple[Link, ...]:
        """Those of a ticket in a table. Each names its ticket, since the mail is about several or about none."""
        agent = self._agent
        if agent is None:
            return ()
        offers = [
            (label, f"#ticket {ticket.number}\n{body}")
            for label, body in links.of_row(ticket, agent.key)
            if permitted(body, agent, ticket.department, self._config)
        ]
        about = f"Re: {identity.token(ticket.number, self._config)}"  # no more: a table has many links
        made = self._filled(offers, about)
        if not ticket.merged_into and may(agent, "reply", ticket.department, self._config):
            label = self._own.phrases["link.reply"]
            made = (self._empty("reply", label, main=False, subject=about, about=ticket.number), *made)
        return self._number(made) if self._rows_in_text else made

    def to_merge_into(self, other: Ticket) -> Link | None:
        """The link that merges the notice's ticket into another one, where the reader may."""
        ticket, agent = self._notice.ticket, self._agent
        if not (ticket and agent and mergeable(ticket, other, agent, self._config)):
            return None
        label = self._own.filled("link.merge", token=identity.token(other.number, self._config))
        return self._number(self._filled([(label, f"#merge {other.number}\n")]))[0]

    def offered(self, offers: _Offers) -> tuple[Link, ...]:
        """Links of other offers, such as those of a stored mail."""
        return self._number(self._filled(offers))

    def _number(self, made: tuple[Link, ...]) -> tuple[Link, ...]:
        made = links.numbered(made, len(self.numbered))
        self.numbered += made
        return made

    def _usable(self, offers: _Offers) -> tuple[Link, ...]:
        ticket, agent = self._notice.ticket, self._agent
        department = ticket.department if ticket else ""
        return self._filled(each for each in offers if agent and permitted(each[1], agent, department, self._config))

    def _filled(self, offers: _Offers, subject: str = "") -> tuple[Link, ...]:
        """Links that open filled-in mails; the key stands at the foot of each where the address does not hold it."""
        foot = f"\nRef: {self.ref}\n" if self.ref else ""
        filled = [(self._own.sentence(label, self._zone), links.closed_off(body)) for label, body in offers]
        return links.mailto(self._answer_to, subject or self._subject, filled, foot)

    def _empty_mails(self) -> Iterator[Link]:
        """The links that open an empty mail: an answer where the notice is a note, and a note."""
        agent, ticket, goes_to = self._agent, self._notice.ticket, self._goes_to
        if agent is None or ticket is None or ticket.merged_into or goes_to is Destination.UNSAID:
            return
        if goes_to is not Destination.REQUESTER and may(agent, "reply", ticket.department, self._config):
            name = person(ticket.requester.name, ticket.requester.email)
            yield self._empty("reply", self._own.filled("link.answer", name=name), main=True)
        if may(agent, "note", ticket.department, self._config) and not self._is_brief:
            yield self._empty("note", self._own.phrases["link.note"], main=False)

    def _empty(self, word: str, label: str, *, main: bool, subject: str = "", about: int = 0) -> Link:
        """A link whose mail is a "reply" or a "note" whatever the notice is; `about`: on the ticket of a row."""
        answer_to = identity.reply_to(self._address, self._message_id, word, about)
        foot = f"\n\nRef: {saying(self._key, word, about)}\n" if answer_to == self._address.email else ""
        (link,) = links.mailto(answer_to, subject or self._subject, [(label, "")], foot)
        return Link(link.label, link.href, main)

    def _commands(self) -> Iterator[tuple[Sentence, str]]:
        """The commands that a notice of its kind offers."""
        notice = self._notice
        if notice.code:
            label = "link.send_anyway" if notice.kind is NoticeKind.HELD else "link.confirm"
            yield Phrase(label), f"#confirm {notice.code}\n"
        elif self._is_brief:
            yield SHOW
        elif notice.ticket and notice.kind not in (NoticeKind.CONFIRM, NoticeKind.HELD):
            yield from links.commands(notice.ticket, notice.agent)
            if passing.of(notice, self._config.attachments).too_large:
                yield Phrase("link.files"), "#show files\n"

    @property
    def _is_brief(self) -> bool:
        """Whether the notice is the one line that somebody has the ticket now."""
        notice = self._notice
        return notice.kind is NoticeKind.TAKEN and notice.ticket is not None and notice.ticket.assignee is not None
