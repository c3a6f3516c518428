"""The daily list of mail that was held as spam, at `[spam] digest` in the desk's time zone.

Each mail is listed once, with links that release it or ban its sender, for agents where they may do so. What was
listed is recorded in the same transaction, so a restart neither omits nor repeats it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from mailgate.desk.hold import spam
from mailgate.desk.outcome import Context
from mailgate.notice import ListedMail, Notice, NoticeKind
from mailgate.phrase import Phrase, Sentence, phrase
from mailgate.rules.notices.audience import Person
from mailgate.rules.people.permissions import why_not
from mailgate.rules.sla import wall_clock
from mailgate.settings import Config
from mailgate.store import meta
from mailgate.store.db import Db
from mailgate.store.queues import held, outbox
from mailgate.ticket import Queued
from mailgate.worker import written
from mailgate.worker.runtime import Runtime
from mailgate.writing.views.links import END

SHOWN = 50  # mails in one list
_KEY = "spam-digest"


def due(db: Db, config: Config, now: datetime) -> bool:
    """Whether a list is due, or the time of one has passed without any mail."""
    if config.spam.digest is None:
        return False
    _, at = wall_clock.latest(config.spam.digest.minute, now, config.desk.timezone)
    return _last(db) < at


def notify(db: Db, runtime: Runtime, now: datetime) -> None:
    """Queue the list where there is anything to list, and record it. Call inside a transaction."""
    last = _last(db)
    found = held.spam(db, last)
    older = len(held.spam(db, _EVER)) - len(found)
    context = runtime.context(now)
    if found:
        notices = tuple(_notice(who, found, older, context) for who in spam.readers(context.config))
        outbox.add(db, written.write_mail(notices, context), now)
    meta.put(db, _KEY, now.isoformat())


_EVER = datetime.fromtimestamp(0, UTC)


def _last(db: Db) -> datetime:
    found = meta.get(db, _KEY)
    return datetime.fromisoformat(found) if found else _EVER


def _notice(who: Person, found: list[tuple[str, Queued]], older: int, context: Context) -> Notice:
    agent = context.config.agents.get(who.agent)
    more = len(found) - SHOWN
    facts: list[Sentence] = [Phrase("admin.spam")]
    if agent is None:
        facts.append(Phrase("admin.spam_release"))
    if more > 0 or older:
        facts.append(phrase("admin.spam_more", count=max(more, 0), older=older))
    bans = why_not(agent, "spam", "", context.config) is None
    return Notice(
        kind=NoticeKind.ADMIN,
        to=who.address,
        agent=who.agent,
        cause=f"spam:{found[-1][1].id}",
        subject=phrase("admin.spam_subject", count=len(found)),
        facts=tuple(facts),
        mails=tuple(_listed(code, mail, by_code=agent is None, bans=bans) for code, mail in found[:SHOWN]),
    )


def _listed(code: str, mail: Queued, *, by_code: bool, bans: bool) -> ListedMail:
    """`by_code`: for a reader who is no agent, whose mail nothing else proves."""
    release = f"#confirm {code}\n"
    links = [(Phrase("link.release"), f"{release}{END}\n")]
    if bans and mail.from_:
        links.append((Phrase("link.ban"), f"{release if by_code else ''}#ban {mail.from_}\n{END}\n"))
    about = phrase("admin.spam_about", at=mail.received_at, number=mail.id, mark=mail.last_error)
    return ListedMail(mail.from_, mail.subject, about, tuple(links))
