"""Who sent a mail, and how that is known. A `From` address alone proves nothing.

Three proofs: a live reply key made for exactly this agent, an aligned DMARC pass from a
server that is trusted on that way in, and a login at our own listener. This module looks
nothing up (which keys are burnt is an argument) and does not say what an agent may do: that
is `rules.people.permissions`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mailgate.mail import Mail
from mailgate.notice import NoticeKind
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.threading.keys import Key, Keyring, expired
from mailgate.rules.threading.references import Reference
from mailgate.settings import Agent, Config

_DKIM_TAG = re.compile(r"(?:^|;)\s*([a-z]+)\s*=\s*([^;]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sender:
    """The author of a mail.

    `agent` is the key of the agent whose address it is, proven or not; `assurance` how we
    know that it is really them ("reply-key", "dmarc", or "" when nothing proves it);
    `dmarc` is "pass", "fail" or "none"; `why` a sentence for `explain`; `lost_key` says why the agent's
    own key in an unproven mail did not count: "disclosed", "expired", or "" without one.
    """

    address: str
    agent: str = ""
    assurance: str = ""
    dmarc: str = "none"
    why: str = ""
    lost_key: str = ""
    # KEYs in the mail that were made for this agent, live or not; for an outsider those of the questions to them
    own_keys: frozenset[str] = frozenset()

    @property
    def proven(self) -> bool:
        """True when it is an agent's mail and we know that it is."""
        return bool(self.agent and self.assurance)


def identify(
    mail: Mail,
    refs: Iterable[Reference],
    burnt: frozenset[str],
    config: Config,
    keyring: Keyring,
    authserv_ids: Iterable[str],
    now: datetime,
    *,
    login: str = "",
) -> Sender:
    """Who sent the mail. `authserv_ids` are those trusted on its way in; `now` is aware UTC.

    `login` is the key of the agent who logged in to hand it over.
    """
    address = mail.author.email
    dmarc = dmarc_result(mail, authserv_ids)
    agent = config.agents_by_email.get(address)
    if not agent:
        asked = (ref.key for ref in refs if ref.key and ref.key.kind is NoticeKind.ASKED)
        mine = frozenset(key.text for key in asked if keyring.is_for(key, address))
        return Sender(address, dmarc=dmarc, why="not an agent's address", own_keys=mine)
    own = tuple(
        ref.key for ref in refs if ref.key and not ref.key.kind.to_requester and _is_for(ref.key, agent.emails, keyring)
    )
    assurance, why = (
        _by_login(mail, agent, login, config) if login else _assurance(mail, agent, own, burnt, dmarc, config, now)
    )
    lost = "" if assurance else _lost_key(own, burnt, now)
    return Sender(address, agent.key, assurance, dmarc, why, lost, frozenset(key.text for key in own))


def _by_login(mail: Mail, agent: Agent, login: str, config: Config) -> tuple[str, str]:
    """(assurance, why) for a mail that somebody logged in to hand over: it is theirs or nobody's."""
    if not _one_author(mail):
        return "", "From does not name one author"
    if login != agent.key:
        return "", f"handed over by the agent {login}, who is not {agent.name}"
    if "login" not in config.trust.agents:
        return "", "logins are not trusted here"
    return "login", f"{agent.name} logged in"


def _one_author(mail: Mail) -> bool:
    """Whether From, and not Sender in its place, names one author (RFC 6854 5: From alone is authenticated)."""
    return len(mail.from_) == 1 and len(mail.header_all("from")) <= 1 and not mail.by_sender


def _assurance(
    mail: Mail, agent: Agent, own: tuple[Key, ...], burnt: frozenset[str], dmarc: str, config: Config, now: datetime
) -> tuple[str, str]:
    """(assurance, why) for a mail with the address of `agent` in From."""
    if not _one_author(mail):
        return "", "From does not name one author"
    if dmarc == "fail":
        return "", "DMARC failed"
    authenticated = mail.author.email.rpartition("@")[2] in config.trust.domains
    if authenticated and dmarc != "pass":
        return "", "mail of this domain always arrives authenticated, and this did not"
    live = next((key for key in own if not expired(key, now.date()) and key.text not in burnt), None)
    if live and "reply-key" in config.trust.agents:
        return "reply-key", f"answers with a reply key made for {agent.name}"
    if authenticated and "dmarc" in config.trust.agents and not (flaw := dkim_flaw(mail)):
        return "dmarc", f"DMARC passed for {mail.author.email}"
    if authenticated and "dmarc" in config.trust.agents:
        return "", f"DMARC passed, but {flaw}"
    return "", _no_key(own, live, burnt, now)


def _no_key(own: tuple[Key, ...], live: Key | None, burnt: frozenset[str], now: datetime) -> str:
    if live:
        return "reply keys are not trusted here"
    return _NO_KEY[_lost_key(own, burnt, now)]


_NO_KEY = {
    "disclosed": "its reply key went to somebody outside the desk",
    "expired": "its reply key has expired",
    "": "nothing but the From address names this agent",
}


def _lost_key(own: tuple[Key, ...], burnt: frozenset[str], now: datetime) -> str:
    """Why the agent's own keys in a mail count no more."""
    if any(key.text in burnt for key in own):
        return "disclosed"
    return "expired" if any(expired(key, now.date()) for key in own) else ""


def dmarc_result(mail: Mail, authserv_ids: Iterable[str]) -> str:
    """The DMARC result of a trusted server: "pass", "fail" or "none" (RFC 8601 7.1).

    A server may spread its results over several fields. A pass counts where the topmost field is a trusted server's,
    none of them says otherwise, and it names the author's domain (`header.from`); a fail in any counts, for nobody
    forges one to gain by it.
    """
    accepted = frozenset(name.lower() for name in authserv_ids)
    if mail.restored:
        return "fail"  # what was checked was the list's mail: of the author whom it names nothing is known
    results = sorted(mail.auth, key=lambda result: result.position)
    trusted = [result for result in results if result.authserv_id in accepted]
    said = {result.dmarc for result in trusted}
    if "fail" in said:
        return "fail"
    domain = mail.author.email.rpartition("@")[2]
    judged = {result.domain for result in trusted if result.dmarc == "pass"}
    return "pass" if trusted[:1] == results[:1] and "unclear" not in said and judged == {domain} else "none"


def is_authors(
    mail: Mail,
    refs: Iterable[Reference],
    burnt: frozenset[str],
    sender: Sender,
    config: Config,
    keyring: Keyring,
    *,
    human: bool,
) -> bool:
    """Whether a mail is its author's: it passed DMARC, or a person answers a notice that nobody else has read.

    An automatic answer does not count: somebody else may have caused it in the author's name.
    """
    email = mail.author.email
    if not email or not _one_author(mail) or sender.dmarc == "fail":
        return False
    keys = (ref.key for ref in refs if ref.key and ref.key.kind.to_requester and ref.key.text not in burnt)
    own = config.addresses_of(email)
    return sender.dmarc == "pass" or (human and any(_is_for(key, own, keyring) for key in keys))


def dkim_flaw(mail: Mail) -> str:
    """Why a DMARC pass does not prove From and Subject; "" when it is.

    At least one signature of the author's domain, each of which covers From and Subject and
    the whole body: with `l=` (RFC 6376 8.2) anybody can append to a signed mail.
    """
    domain = mail.author.email.rpartition("@")[2]
    if len(mail.header_all("subject")) > 1:
        return "it has more than one Subject"  # RFC 6376 8.15
    signatures = [
        {tag.lower(): value for tag, value in _DKIM_TAG.findall(text)} for text in mail.header_all("dkim-signature")
    ]
    aligned = [tags for tags in signatures if _aligned(tags.get("d", "").strip().lower(), domain)]
    if not aligned:
        return f"no DKIM signature of {domain}"
    top = min(mail.auth, key=lambda result: result.position, default=None)
    held = [each.dkim for each in mail.auth if top and each.authserv_id == top.authserv_id and each.dkim is not None]
    if held and not any(_aligned(signer, domain) for signers in held for signer in signers):
        return f"no DKIM signature of {domain} held"  # the pass came by SPF alone: who else sends from there?
    if any("l" in tags for tags in aligned):
        return "the DKIM signature leaves the end of the body open (l=)"
    if any(not {"from", "subject"} <= _signed_fields(tags.get("h", "")) for tags in aligned):
        return "the DKIM signature does not cover From and Subject"
    return ""


def _aligned(signing: str, author: str) -> bool:
    """Relaxed alignment (RFC 7489 3.1.1), as near as it goes without the public suffix list."""
    return "." in signing and (author == signing or author.endswith("." + signing) or signing.endswith("." + author))


def _signed_fields(value: str) -> set[str]:
    return {name.strip().lower() for name in value.split(":")}


def keys_to_burn(
    mail: Mail, carried: Iterable[Key], refs: Iterable[Reference], config: Config, keyring: Keyring
) -> tuple[str, ...]:
    """KEYs in a mail that anybody but their reader wrote or also got: their authority ends.

    `carried` are the keys that stand anywhere in the mail. Whoever writes with a key holds it: the agent had answered
    them directly, or a colleague or a reader in Cc got a copy. The mail that burns a key still counts, so burn after
    `identify` and `is_authors`. A bounce returns a key to us, and has shown it to nobody but a mail server.
    """
    if mail.bounce:
        return ()
    keys = (*(ref.key for ref in refs if ref.key), *carried)
    named = dict.fromkeys(each.email for each in (*mail.from_, *mail.to, *mail.cc) if each.email)
    holders = [config.addresses_of(email) for email in named if not desk_address(email, config)]
    burnt = (key.text for key in keys if any(not _is_for(key, emails, keyring) for emails in holders))
    return tuple(dict.fromkeys(burnt))


def _is_for(key: Key, emails: Iterable[str], keyring: Keyring) -> bool:
    return any(keyring.is_for(key, email) for email in emails)
