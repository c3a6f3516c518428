"""The configuration as frozen values: what every other part of the house reads.

Names and meanings are those of docs/config.md. Durations are `timedelta`, sizes bytes,
secrets `Secret` (which prints as stars). Nothing here reads files; `mailgate.config.load` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mailgate.ticket import Assignee

PERMISSIONS = (
    "reply",
    "note",
    "assign",
    "transfer",
    "topic",
    "sla",
    "priority",
    "status",
    "due",
    "close",
    "merge",
    "spam",
    "cc",
    "requester",
)
EVERYTHING = frozenset(PERMISSIONS)
MAX_MAIL = 50_000_000  # bytes of the largest mail that is taken, where the listener says nothing else


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret value that never prints itself."""

    value: str = field(repr=False, default="")

    def __bool__(self) -> bool:
        return bool(self.value)

    def __str__(self) -> str:
        return "*****" if self.value else ""


@dataclass(frozen=True, slots=True)
class Text:
    """Text shown to people: one string, or one by language ("" is the default)."""

    by_language: Mapping[str, str] = field(default_factory=dict)

    def get(self, language: str) -> str:
        """The text in `language` ("de-AT" is also "de"), else the default, else the first there is."""
        texts = self.by_language
        found = texts.get(language) or texts.get(language.partition("-")[0])
        return found or texts.get("") or next(iter(texts.values()), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Routing keys; None means "not set here"."""

    topic: str | None = None
    department: str | None = None
    sla: str | None = None
    priority: str | None = None
    assign: str | None = None  # "team:…" or "agent:…"
    status: str | None = None
    tags: tuple[str, ...] | None = None
    language: str | None = None
    autoresponse: bool | None = None
    template: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """[desk]"""

    name: str
    domain: str
    names: Text = Text()  # by language, where they differ
    timezone: ZoneInfo
    language: str = "en"
    token: str = "[#{number}]"
    old_tokens: tuple[str, ...] = ()
    first_number: int = 1001
    admin: str = ""  # address; "" until set
    marker: bool = True  # the line above which an answer is written
    hostname: str = ""  # of EHLO and greetings; "": see `Config.hostname`
    secret: tuple[Secret | Path, ...] = ()  # newest first; a path is a file read at start (`config.secret`)

    @property
    def secret_file(self) -> Path | None:
        """The file that may be made while the database is empty: the newest secret's, for older ones were in use."""
        return self.secret[0] if self.secret and isinstance(self.secret[0], Path) else None


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL database, by its URL, which may hold a password and is never shown."""

    url: str = field(repr=False)
    beside: Path  # files of the desk on this machine lie here, under names that begin with this one
    shared: Path | None = None  # folder of attachments and large mails, which every node of the desk reaches

    def __str__(self) -> str:
        """The URL without password and parameters."""
        scheme, _, rest = self.url.partition("://")
        place = rest.partition("?")[0]
        user, _, host = place.rpartition("@")
        name = user.partition(":")[0]
        return f"{scheme}://{name}@{host}" if name else f"{scheme}://{host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """[storage]; `database` is the file of the SQLite database, or a server's."""

    database: Path | Server
    attachments: Path
    node: str = ""  # this machine's name among several on one database; "": the host's
    migrate: bool = True  # the daemon brings an older database up to date when it starts
    keep_raw: timedelta = timedelta(days=365)  # received mail as it came
    keep_sent: timedelta = timedelta(days=30)  # the bytes of sent mail
    keep_closed: timedelta | None = None  # closed tickets; None: for ever
    keep_trace: timedelta = timedelta(days=90)

    @property
    def beside(self) -> Path:
        """The path from which files on this machine take their names: the lock, large mails, the status."""
        return self.database if isinstance(self.database, Path) else self.database.beside


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskAddress:
    """[address."support@…"]: an address the desk answers for."""

    email: str
    name: str
    names: Text = Text()  # by language, where they differ
    plus: bool = False
    from_: str = "{agent} ({address})"
    routing: Routing = Routing()


@dataclass(frozen=True, slots=True)
class ServerTls:
    """`tls = {…}` of a listener: PEM files of certificate (with its chain) and key."""

    cert: Path
    key: Path
    implicit: bool = False  # False: STARTTLS


def _endpoint(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """[smtp] or [submission]"""

    host: str
    port: int
    path: Path | None = None  # a unix socket instead
    protocol: str = "smtp"  # or "lmtp"
    submission: bool = False  # agents log in; nobody else sends
    tls: ServerTls | None = None
    proxy: tuple[IPv4Network | IPv6Network, ...] = ()  # networks whose PROXY header is trusted
    max_size: int = MAX_MAIL
    max_connections: int = 200
    authserv_ids: tuple[str, ...] = ()

    @property
    def endpoint(self) -> str:
        """Where it listens, as it is written."""
        return f"unix:{self.path}" if self.path else _endpoint(self.host, self.port)


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2:
    """`oauth2 = {…}` of a mailbox or relay, together with what its provider adds."""

    flow: str = "client"  # client credentials; "service-account": its assertion; "code": a person signs in
    token_url: str
    scope: str = ""
    client_id: str = ""  # of a service account: its address
    client_secret: Secret = Secret()
    certificate: str = ""  # PEM; instead of a client secret
    key: Secret = Secret()  # PEM: the private key of the certificate or service account
    subject: str = ""  # the mailbox that a service account acts for
    authorize_url: str = ""
    device_url: str = ""  # "" where there is no device code
    unused_life: timedelta | None = None  # after which an unused refresh token ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The user name and credential for a server; one of `password` and `oauth2`."""

    account: str = ""  # what `mailgate login` calls it; one account may serve a mailbox and a relay
    user: str = ""  # "": no sign-in
    password: Secret = Secret()
    oauth2: OAuth2 | None = None
    ca: Path | None = None  # PEM: a private CA, beside the system's


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """[mailbox.NAME]: an IMAP account to read."""

    name: str
    host: str
    port: int = 993
    tls: str = "implicit"  # "starttls", "none"
    provider: str = "custom"
    credentials: Credentials
    folder: str = "INBOX"
    existing: str | timedelta = "skip"  # "skip", "take", or younger than
    after: str = "move"  # "move", "seen", "delete", "leave"
    move_to: str = "Processed"
    junk: str | None = None  # where `#spam` moves a message; None: the server's own folder for it, "": nowhere
    idle: bool = True
    poll: timedelta = timedelta(seconds=60)
    authserv_ids: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The identity of its folder in the database: equal UIDs in another folder are other messages."""
        return f"{self.name}:{self.credentials.user}:{self.folder}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """An entry of `dkim`: the key that signs mail of a domain."""

    domain: str
    selector: str
    key: Secret  # PEM


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """[relay] or [[relay]]: where outgoing mail goes."""

    name: str = "relay"
    for_: tuple[str, ...] = ()  # the desk addresses that it sends for; (): all that have no relay of their own
    transport: str = "smtp"  # or "maildir"
    host: str = "127.0.0.1"
    port: int = 25
    tls: str = "none"  # "starttls", "implicit"
    provider: str = "custom"
    credentials: Credentials = Credentials()
    envelope: str = "address"  # or "verp"
    max_connections: int = 4
    max_per_minute: int = 0  # mails; 0: no limit
    dkim: tuple[DkimKey, ...] = ()
    path: Path | None = None  # the Maildir


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """[http]: health and metrics on loopback."""

    host: str
    port: int

    @property
    def endpoint(self) -> str:
        """Where it listens, as it is written."""
        return _endpoint(self.host, self.port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """[department.NAME]"""

    name: str
    manager: str = ""  # agent key
    public: bool = True
    confidential: bool = False  # alerts carry no content, and only members find its tickets
    hand_out: str = "none"  # "round-robin", "least-loaded"
    signature: Text = Text()
    address: str = ""  # desk address that tickets moved here write from
    alerts: Mapping[str, tuple[str, ...]] | None = None  # overrides of [alerts], per key
    routing: Routing = Routing()
    was: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """[role.NAME]"""

    name: str
    may: frozenset[str] = EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """[agent.KEY]"""

    key: str
    name: str
    emails: tuple[str, ...]  # as compared; the first is written to
    role: str = "All Access"
    departments: Mapping[str, str] = field(default_factory=dict)  # department → role
    signature: Text = Text()
    timezone: ZoneInfo | None = None
    language: str = ""
    hear: str = "department"  # "mine", "digest"
    digest: int | None = None  # minutes since midnight in the agent's zone; None: no digest
    quiet: tuple[int, int] | None = None  # from and to, minutes since midnight; may go over midnight
    password: Secret = Secret()  # a hash; without one the agent cannot log in at [submission]
    was: tuple[str, ...] = ()  # old keys

    @property
    def email(self) -> str:
        """The address that is written to."""
        return self.emails[0]

    def owns(self, email: str) -> bool:
        """Whether an address, as compared, is one of the agent's."""
        return email in self.emails


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """[team.NAME]"""

    name: str
    lead: str = ""
    members: tuple[str, ...] = ()
    hand_out: str = "none"  # "round-robin", "least-loaded"
    was: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """[customer.NAME]: a company that writes to the desk."""

    name: str
    domains: tuple[str, ...] = ()  # as compared; ".x.example" takes in subdomains
    people: tuple[tuple[str, ...], ...] = ()  # the addresses of each person, as compared
    routing: Routing = Routing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """[schedule.NAME]: opening hours by weekday (0 is Monday), minutes since midnight.

    A span whose end is not after its start goes on into the next day.
    """

    name: str
    timezone: ZoneInfo
    always: bool = False  # 24/7 without holidays
    hours: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    holiday_codes: tuple[str, ...] = ()  # "US", "DE-BY"
    holiday_dates: tuple[str, ...] = ()  # "2026-12-24"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an escalation ladder."""

    at: float  # share of the resolve time: 0.8, 1.0, 2.0
    alert: tuple[str, ...] = ()
    then: Routing = Routing()

    @property
    def label(self) -> str:
        """The step as it is written: "80%"."""
        return f"{self.at * 100:g}%"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaPlan:
    """[sla.NAME]"""

    name: str
    resolve: timedelta | None = None
    first_response: timedelta | None = None
    next_response: timedelta | None = None
    schedule: str = "24/7"
    pause: tuple[str, ...] = ("pending",)
    escalate: tuple[Step, ...] = (Step(at=1.0, alert=("assignee", "manager", "department")),)
    was: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """[topic."Parent / Child"]; `routing` is its own, without what it takes from parents."""

    name: str  # full path
    parent: str = ""
    public: bool = True
    routing: Routing = Routing()
    was: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Canned:
    """[canned.NAME]: a response that is written already; `text` is Jinja2."""

    name: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One test of a rule: `field op values`, e.g. `from not_domain ["x.example"]`."""

    field: str  # "subject", "header", "form", …
    name: str = ""  # the NAME of header.NAME and form.NAME
    op: str = "contains"  # is contains starts ends matches in domain over under exists within
    negated: bool = False
    values: tuple[str, ...] = ()
    number: float | None = None  # for over and under, and a single number: a count or bytes
    patterns: tuple[Any, ...] = ()  # `mailgate.rules.text.patterns.Pattern`, for matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """[[rule]]: `when` is a list of tables, any of which suffices; in one table all must hold."""

    name: str
    position: int
    on: frozenset[str] = frozenset({"new"})
    stop: bool = False
    when: tuple[tuple[Criterion, ...], ...] = ()
    unless: tuple[tuple[Criterion, ...], ...] = ()
    then: Routing = Routing()
    alert: tuple[str, ...] = ()
    requester: str = ""  # "reply_to"
    reject: str = ""
    rejects: Text = Text()  # by language, where they differ
    drop: bool = False
    canned: str = ""  # name of the canned response that answers the mail instead of the acknowledgement
    join: timedelta = timedelta()  # zero: every mail opens a ticket of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """[alerts]: the recipients of each kind of alert."""

    new_ticket: tuple[str, ...] = ("assignee", "department")
    new_message: tuple[str, ...] = ("assignee", "last-respondent")
    colleague_reply: tuple[str, ...] = ("assignee", "last-respondent")
    note: tuple[str, ...] = ("assignee", "last-respondent")
    assigned: tuple[str, ...] = ("assignee", "alerted")
    transferred: tuple[str, ...] = ("department",)
    status: tuple[str, ...] = ("assignee",)


@dataclass(frozen=True, slots=True)
class Rate:
    """A limit such as "6/1h": at most `count` in `period`."""

    count: int
    period: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """[notices]: what requesters and collaborators get by itself."""

    acknowledge: bool = True
    acknowledge_within: timedelta = timedelta(days=3)
    follow_up: bool = False
    status_changes: tuple[str, ...] = ("resolved",)
    satisfaction: bool = True
    limit_per_sender: Rate = Rate(6, timedelta(hours=1))
    limit_unknown: Rate = Rate(100, timedelta(hours=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """[trust]"""

    agents: tuple[str, ...] = ("reply-key", "dmarc", "login")
    domains: tuple[str, ...] = ()
    otherwise: str = "confirm"  # or "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tickets:
    """[tickets]"""

    claim_on_reply: bool = True
    after_reply: str = ""  # or "pending"
    reopen_within: timedelta = timedelta(days=30)
    close_resolved_after: timedelta = timedelta(days=3)
    thanks: str = "keep"  # a message that only thanks, on an ended ticket; or "reopen"
    strangers: str = "new"  # or "collaborator"
    max_open_per_requester: int = 50
    max_collaborators: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachments:
    """[attachments]: which files are passed on. Sizes are bytes on the wire, all files of one mail together."""

    send_max: int = 20_000_000  # in one mail to a requester, and in an answer to #show files
    alert_max: int = 5_000_000  # in one alert
    block: tuple[str, ...] = ("exe", "com", "scr", "js", "vbs", "bat", "cmd", "ps1", "jar", "msi")  # extensions


@dataclass(frozen=True, slots=True)
class Recurring:
    """A time on the desk's wall that comes again: each day, or on a day of the week (0 is Monday)."""

    minute: int  # since midnight
    weekday: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMail:
    """[report]: the schedule and the recipients of the report."""

    weekly: Recurring | None = None
    daily: Recurring | None = None
    to: tuple[str, ...] = ("admin", "manager")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """[alarm]: what is run, and what is posted to, when trouble begins and ends."""

    command: tuple[str, ...] = ()  # program and arguments
    webhook: str = ""  # URL


@dataclass(frozen=True, slots=True, kw_only=True)
class Spam:
    """[spam]: what becomes of mail that a mail server marked as spam."""

    headers: bool = True  # whether the marks count
    action: str = "hold"  # or "tag", "drop"
    digest: Recurring | None = Recurring(8 * 60)  # None: no daily list
    to: tuple[str, ...] = ("admin",)  # also "agent:KEY", addresses


@dataclass(frozen=True, kw_only=True)
class Config:
    """The whole configuration, checked: every name in it refers to something."""

    file: Path
    desk: Desk
    storage: Storage
    addresses: Mapping[str, DeskAddress]  # by compared address, in file order
    smtp: Listener | None
    submission: Listener | None = None
    mailboxes: Mapping[str, Mailbox]
    relays: tuple[Relay, ...]  # in their order, at least one
    http: Http | None
    departments: Mapping[str, Department]
    roles: Mapping[str, Role]
    agents: Mapping[str, Agent]
    teams: Mapping[str, Team]
    schedules: Mapping[str, Hours]
    slas: Mapping[str, SlaPlan]
    topics: Mapping[str, Topic]
    priorities: tuple[str, ...]
    defaults: Routing
    rules: tuple[Rule, ...]
    alerts: Alerts
    notices: Notices
    trust: Trust
    tickets: Tickets
    attachments: Attachments = Attachments()
    customers: Mapping[str, Customer] = field(default_factory=dict)
    report: ReportMail = ReportMail()
    spam: Spam = Spam()
    alarm: Alarm = Alarm()
    canned: Mapping[str, Canned] = field(default_factory=dict)
    hostname: str = "localhost"  # our own name in EHLO and greetings
    templates: Path | None = None  # the administrator's templates/, when there is one
    text: str = field(default="", repr=False, compare=False)  # of the file, with what is secret in it
    files: tuple[Path, ...] = field(default=(), compare=False)  # others that it names: passwords, keys, certificates

    @cached_property
    def agents_by_email(self) -> Mapping[str, Agent]:
        """Agent by any of their addresses."""
        return {email: agent for agent in self.agents.values() for email in agent.emails}

    @cached_property
    def members(self) -> Mapping[str, tuple[Agent, ...]]:
        """Agents of each department."""
        return {
            name: tuple(agent for agent in self.agents.values() if name in agent.departments)
            for name in self.departments
        }

    @cached_property
    def _persons(self) -> Mapping[str, frozenset[str]]:
        known = (
            *(agent.emails for agent in self.agents.values()),
            *(emails for customer in self.customers.values() for emails in customer.people),
        )
        return {email: frozenset(emails) for emails in known for email in emails}

    def addresses_of(self, email: str) -> frozenset[str]:
        """All addresses of the person who owns `email`, an agent or one of a customer's people."""
        return self._persons.get(email) or frozenset((email,))

    def same_person(self, one: str, other: str) -> bool:
        """Whether two addresses are of one person."""
        return one == other or one in self._persons.get(other, ())

    @cached_property
    def _customers_by(self) -> Mapping[str, Customer]:
        """Customer by a person's address, by "@domain" and by ".domain" (with its subdomains)."""
        found: dict[str, Customer] = {}
        for customer in self.customers.values():
            found |= {email: customer for emails in customer.people for email in emails}
            for domain in customer.domains:
                found |= {domain: customer} if domain.startswith(".") else {f"@{domain}": customer}
        return found

    def customer_of(self, email: str) -> Customer | None:
        """The customer that an address belongs to: by its people, else by its domains."""
        if not self.customers:
            return None
        host = email.rpartition("@")[2]
        labels = host.split(".")
        places = (email, f"@{host}", *(f".{'.'.join(labels[at:])}" for at in range(len(labels))))
        return next((self._customers_by[place] for place in places if place in self._customers_by), None)

    @property
    def accounts(self) -> tuple[Credentials, ...]:
        """What signs in, each account once: mailboxes, then relays of their own account."""
        each = (
            *(mailbox.credentials for mailbox in self.mailboxes.values()),
            *(relay.credentials for relay in self.relays),
        )
        return tuple({one.account: one for one in each if one.account}.values())

    def relays_for(self, sender: str) -> tuple[Relay, ...]:
        """The relays that send mail from a desk address, in the order in which they are tried."""
        own = tuple(relay for relay in self.relays if sender in relay.for_)
        return own or tuple(relay for relay in self.relays if not relay.for_) or self.relays

    @property
    def max_mail_size(self) -> int:
        """The size limit of mail from mailboxes, in bytes: that of the SMTP listener where there is one."""
        return self.smtp.max_size if self.smtp else MAX_MAIL

    @property
    def first_address(self) -> DeskAddress:
        """The desk address that stands first in the file."""
        return next(iter(self.addresses.values()))

    def topic_chain(self, topic: str) -> Iterator[Topic]:
        """The topic, its parent, its grandparent …"""
        while found := self.topics.get(topic):
            yield found
            topic = found.parent

    def role(self, agent: Agent, department: str) -> Role:
        """The role of an agent on tickets of `department`."""
        return self.roles[agent.departments.get(department, agent.role)]

    def teams_of(self, agent: str) -> tuple[str, ...]:
        """Names of the teams that the agent is in."""
        return tuple(team.name for team in self.teams.values() if agent in team.members or agent == team.lead)

    def called(self, assignee: Assignee) -> str:
        """The name of an agent or a team as people know it."""
        agent = self.agents.get(assignee.name) if assignee.kind == "agent" else None
        return agent.name if agent else assignee.name

    def zone(self, agent: str) -> ZoneInfo:
        """The time zone in which the agent reads and writes times."""
        found = self.agents.get(agent)
        return (found.timezone if found else None) or self.desk.timezone
