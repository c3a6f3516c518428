"""Loading a configuration: file access, built-ins, defaults, and no exception but ConfigError."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.config import load as loader
from mailgate.config.built_in import LANGUAGES
from mailgate.config.load import find, load, read
from mailgate.config.sample import Account, Answers, Person, starter
from mailgate.connect.providers import PROVIDERS
from mailgate.errors import ConfigError
from mailgate.settings import EVERYTHING, Alerts, Config, Notices, Step, Tickets, Trust
from tests.configs import REST, completed

ROOT = Path(__file__).parents[3]
EXAMPLE = (ROOT / "config.example.toml").read_text("utf-8")
SMALLEST = "\n".join(REST.values())


def loaded(text: str, **environ: str) -> Config:
    config, reading = read(Path("/etc/mailgate/config.toml"), completed(text), environ)
    assert [str(problem) for problem in reading.problems if not problem.warning] == []
    return config


# ---- the file -------------------------------------------------------------------------


def rejected(path: Path) -> str:
    with pytest.raises(ConfigError) as error:
        load(path, {})
    (problem,) = error.value.problems
    return str(problem)


def test_a_missing_or_binary_file_is_rejected_by_name(tmp_path: Path) -> None:
    missing, binary, large = (tmp_path / name for name in ("missing", "binary", "large"))
    binary.write_bytes(b"[desk]\nname = 'a'\n\xff\xfe\x00")
    large.write_bytes(b"#" * 10_000_001)
    assert rejected(missing) == f"{missing}: does not exist: create one with `mailgate init DIR`"
    assert rejected(binary) == f"{binary}:3: is not UTF-8: save it as UTF-8"
    assert rejected(tmp_path) == f"{tmp_path}: is a folder: name the file in it, such as config.toml"
    assert rejected(large) == f"{large}: is larger than 10 MB: not a configuration file"
    assert rejected(missing / "below").startswith(f"{missing}/below: ")
    assert "cannot be read" in rejected(Path("nul\0name"))


def test_an_unreadable_file_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(SMALLEST)
    file.chmod(0)
    user = os.geteuid()
    if user == 0:  # root can read everything: test as another user
        os.seteuid(65534)
    try:
        message = rejected(file)
    finally:
        os.seteuid(user)
    assert "cannot be read: Permission denied" in message


def test_crlf_line_ends_and_a_byte_order_mark_are_accepted(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALLEST.replace("\n", "\r\n").encode())
    assert load(file, {})[0].desk.name == "First Bank Help Desk"


def test_the_file_is_the_one_given_or_the_first_default_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loader, "DEFAULT_PATHS", (Path("config.toml"), tmp_path / "etc.toml"))
    with pytest.raises(ConfigError, match=r"no configuration file at config\.toml or .*etc\.toml"):
        find(None, {})
    (tmp_path / "etc.toml").touch()
    assert find(None, {}) == tmp_path / "etc.toml"
    (tmp_path / "config.toml").touch()
    assert find(None, {}) == Path("config.toml")
    assert find(None, {"MAILGATE_CONFIG": "/a"}) == Path("/a")
    assert find("/b", {"MAILGATE_CONFIG": "/a"}) == Path("/b")
    with pytest.raises(ConfigError, match="-c names no file"):
        find("", {"MAILGATE_CONFIG": "/a"})


# ---- built-ins and defaults -------------------------------------------------------------


def test_the_minimal_config_has_all_built_ins() -> None:
    config = loaded("")
    assert config.first_address.email == "support@bank.example"
    assert config.first_address.name == "First Bank Help Desk"
    assert config.desk.domain == "bank.example"
    assert list(config.departments) == ["Support"]
    assert [agent.key for agent in config.members["Support"]] == ["ann", "elliot"]
    assert config.role(config.agents["ann"], "Support").may == EVERYTHING
    assert config.roles["View only"].may == frozenset()
    assert config.schedules["24/7"].always
    assert config.slas["Default SLA"].resolve == timedelta(hours=18)
    assert config.slas["Default SLA"].schedule == "24/7"
    assert config.slas["Default SLA"].escalate == (Step(at=1.0, alert=("assignee", "manager", "department")),)
    assert list(config.topics) == ["General Inquiry"]
    assert config.priorities == ("Low", "Normal", "High", "Emergency")
    defaults = config.defaults
    assert (defaults.topic, defaults.department, defaults.sla, defaults.priority) == (
        "General Inquiry",
        "Support",
        "Default SLA",
        "Normal",
    )
    assert (config.alerts, config.notices, config.trust, config.tickets) == (Alerts(), Notices(), Trust(), Tickets())
    assert config.http is None
    assert config.smtp is not None
    assert (config.smtp.host, config.smtp.port, config.smtp.max_size) == ("127.0.0.1", 8025, 50_000_000)
    assert (config.relays[0].transport, config.relays[0].host, config.relays[0].port) == ("smtp", "127.0.0.1", 25)


def test_paths_are_relative_to_the_config_file() -> None:
    storage = loaded("").storage
    assert storage.database == Path("/etc/mailgate/var/mailgate.db")
    assert storage.attachments == Path("/etc/mailgate/var/attachments")
    absolute = loaded('[storage]\ndatabase = "sqlite:////srv/desk.db"\nattachments = "/srv/files"\n').storage
    assert (absolute.database, absolute.attachments) == (Path("/srv/desk.db"), Path("/srv/files"))
    assert loaded('[relay]\ntransport = "maildir"\n').relays[0].path == Path("/etc/mailgate/var/outgoing")


def test_the_built_in_department_remains_beside_others() -> None:
    config = loaded('[department.Other]\nmanager = "ann"\nsla = "Default SLA"\n')
    assert list(config.departments) == ["Support", "Other"]
    assert config.departments["Other"].routing.sla == "Default SLA"
    assert config.agents["ann"].departments == {"Support": "All Access"}


def test_a_table_replaces_the_built_in_one_of_its_name() -> None:
    config = loaded(
        '[sla."Default SLA"]\nresolve = "4h"\n[role."View only"]\nmay = ["note"]\n'
        '[topic."General Inquiry"]\npublic = false\n'
    )
    assert config.slas["Default SLA"].resolve == timedelta(hours=4)
    assert config.roles["View only"].may == {"note"}
    assert not config.topics["General Inquiry"].public


@pytest.mark.parametrize("was", ['["Support"]', '"Support"', '["Helpdesk", "Support"]'])
def test_a_built_in_department_is_renamed_by_was(was: str) -> None:
    config = loaded(f'[department.Other]\n[department."User Support"]\nwas = {was}\n')
    assert list(config.departments) == ["Other", "User Support"]
    assert config.defaults.department == "User Support"
    assert config.agents["ann"].departments == {"User Support": "All Access"}


def test_built_in_topics_and_plans_are_renamed_by_was() -> None:
    text = '[topic.Questions]\nwas = "General Inquiry"\n[sla.Usual]\nresolve = "2h"\nwas = "Default SLA"\n'
    config = loaded(text)
    assert (list(config.topics), list(config.slas)) == (["Questions"], ["Usual"])
    assert (config.defaults.topic, config.defaults.sla) == ("Questions", "Usual")
    assert loaded(f'{text}[topic.Other]\n[defaults]\ntopic = "Other"\n').defaults.topic == "Other"


def test_departments_and_roles_of_an_agent() -> None:
    text = '[department.M]\n[agent.kim]\nname = "Kim"\nemail = "Kim@Bank.example"\n'
    assert loaded(text + 'departments = ["M"]\nrole = "View only"\n').agents["kim"].departments == {"M": "View only"}
    config = loaded(text + 'departments = { Support = "View only", M = "" }\n')
    assert config.agents["kim"].departments == {"Support": "View only", "M": "All Access"}
    assert config.role(config.agents["kim"], "Support").may == frozenset()
    assert config.agents_by_email["kim@bank.example"].key == "kim"


def test_addresses_are_normalised() -> None:
    config = loaded('[address."Hilfe@Bücher.example"]\ntopic = "General Inquiry"\nplus = true\n')
    assert list(config.addresses) == ["hilfe@xn--bcher-kva.example"]
    assert config.desk.domain == "xn--bcher-kva.example"
    assert config.first_address.routing.topic == "General Inquiry"


def test_texts_by_language() -> None:
    signature = (
        loaded('[department.Support]\nsignature = { en = "Bye", de = "Tschüs" }\n').departments["Support"].signature
    )
    assert (signature.get("de"), signature.get("fr")) == ("Tschüs", "Bye")
    assert loaded('[department.Support]\nsignature = "a\\nb"\n').departments["Support"].signature.get("en") == "a\nb"
    assert loaded('[department.Support]\nsignature = ""\n').departments["Support"].signature.get("en") == ""


def test_a_schedule() -> None:
    hours = loaded(
        '[schedule.W]\ntimezone = "Europe/Berlin"\n'
        'hours = { sat-mon = ["14:00-15:00", "08:00-12:00"], WED = "22:00-06:00" }\n'
        'holidays = ["DE-BY", "2026-12-24"]\n'
    ).schedules["W"]
    assert hours.hours == {
        0: ((480, 720), (840, 900)),
        2: ((1320, 360),),
        5: ((480, 720), (840, 900)),
        6: ((480, 720), (840, 900)),
    }
    assert (hours.holiday_codes, hours.holiday_dates) == (("DE-BY",), ("2026-12-24",))
    assert hours.timezone.key == "Europe/Berlin"


def test_escalation_steps_are_sorted_and_may_be_empty() -> None:
    steps = '{ at = "200%", then = { priority = "High" } }, { at = "50%", alert = "admin" }'
    text = f'[sla.L]\nresolve = "1h"\nescalate = [ {steps} ]\n'
    assert [step.label for step in loaded(text).slas["L"].escalate] == ["50%", "200%"]
    assert loaded(text).slas["L"].escalate[1].then.priority == "High"
    assert loaded('[sla.L]\nresolve = "1h"\nescalate = []\n').slas["L"].escalate == ()
    assert loaded('[sla.L]\nresolve = ""\n').slas["L"].resolve is None


MAILBOX = '[mailbox.x]\nhost = "::1"\nuser = "u"\npassword = "p"\n'


def test_mailboxes() -> None:
    plain = loaded(MAILBOX).mailboxes["x"]
    assert (plain.port, plain.tls, plain.folder, plain.existing, plain.after, plain.move_to, plain.idle) == (
        993,
        "implicit",
        "INBOX",
        "skip",
        "move",
        "Processed",
        True,
    )
    assert loaded(MAILBOX + 'existing = "3d"\n').mailboxes["x"].existing == timedelta(days=3)
    assert loaded(MAILBOX + 'existing = "take"\nafter = "seen"\n').mailboxes["x"].after == "seen"
    moved = loaded(MAILBOX + 'after = { move = "Done" }\n').mailboxes["x"]
    assert (moved.after, moved.move_to) == ("move", "Done")


def test_listening_on_ipv6_and_on_any_free_port() -> None:
    smtp = loaded('[smtp]\nlisten = "[::1]:0"\nedge = false\n').smtp
    assert smtp is not None
    assert (smtp.host, smtp.port) == ("::1", 0)


def test_a_department_overrides_only_the_alerts_that_it_sets() -> None:
    department = loaded(
        '[department.Support]\nalerts = { note = [] }\nhand_out = "none"\nconfidential = false\n'
    ).departments["Support"]
    assert department.alerts == {"note": ()}


def test_a_template_set_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "templates/billing").mkdir(parents=True)
    (tmp_path / "config.toml").write_text(completed('[topic.Bills]\ntemplate = "billing"\n'))
    config, _ = load(tmp_path / "config.toml", {})
    assert config.topics["Bills"].routing.template == "billing"
    assert config.templates == tmp_path / "templates"


@pytest.mark.parametrize(
    ("language", "folder"), [("de", ""), ("de-AT", ""), ("it", "it"), ("it-CH", "it"), ("it", "billing/it")]
)
def test_a_language_has_texts(language: str, folder: str, tmp_path: Path) -> None:
    (tmp_path / "templates" / folder).mkdir(parents=True)
    (tmp_path / "config.toml").write_text(completed(f'[topic.Bills]\nlanguage = "{language}"\n'))
    config, warnings = load(tmp_path / "config.toml", {})
    assert (config.topics["Bills"].routing.language, warnings) == (language, ())


def test_the_shipped_languages_are_those_of_the_folder() -> None:
    assert {"en", *(each.parent.name for each in (ROOT / "templates").glob("*/words.toml"))} == set(LANGUAGES)


def test_a_rule_may_compare_with_a_part_of_a_name(tmp_path: Path) -> None:
    """Of an address, of a customer's name; and what follows the plus is the sender's."""
    rule = (
        '[[rule]]\nname = "R"\nwhen = [{ recipient = ["support@", "Support@Bank.example", "support+vip@bank.example"] }'
    )
    (tmp_path / "config.toml").write_text(
        completed(
            rule + ', { customer = "big" }]\nthen.drop = true\n[customer."Big Co"]\ndomains = ["bigco.example"]\n'
        )
    )
    assert load(tmp_path / "config.toml", {})[1] == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[desk]\n", "without admin nobody is notified"),
        ("[http]\nlisten = '0.0.0.0:80'\n", "other machines can read"),
        ("[team.Empty]\n", "has no members"),
        ('[topic.Bills]\nlanguage = "nl"\n', "or add templates/nl/words.toml"),
        ('[relay]\nhost = "smtp.bank.example"\nport = 587\ntls = "none"\n', 'write tls = "starttls"'),
        ('[relay]\nhost = "smtp.bank.example"\nport = 465\ntls = "none"\n', 'write tls = "implicit"'),
        ('[department.A]\n[defaults]\ndepartment = "A"\n', 'was = ["A"] in its successor'),
        ('[[rule]]\nname = "R"\nwhen.recipient = "suport@bank.example"\nthen.drop = true\n', "matches nothing"),
        ('[[rule]]\nname = "R"\nwhen.recipient.not_is = "x@bank.example"\nthen.drop = true\n', "matches nothing"),
        ('[[rule]]\nname = "R"\nwhen.customer = "Big Co"\nthen.drop = true\n', "in no name of a customer"),
        (f"# no source\n{SMALLEST.replace('[smtp]', '')}", "no mail source but `mailgate ingest`"),
        ('[submission]\ntls = "none"\n', "[submission] no agent can log in: write password"),
    ],
)
def test_valid_but_probably_unintended_settings_are_warnings(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(completed(text))
    (warning,) = load(tmp_path / "config.toml", {})[1]
    assert warning.warning
    assert message in str(warning)


# ---- no exception but ConfigError ----------------------------------------------------------------


def never_raises(text: str) -> None:
    with suppress(ConfigError):
        read(Path("config.toml"), text, {})


@given(st.text(max_size=200))
def test_any_text_is_a_config_or_a_config_error(text: str) -> None:
    never_raises(text)


@settings(max_examples=150)
@given(st.data())
def test_the_example_with_any_part_replaced_is_a_config_or_a_config_error(data: st.DataObject) -> None:
    """A half-saved file, a lost line, text typed in the wrong place."""
    start = data.draw(st.integers(0, len(EXAMPLE)))
    end = data.draw(st.integers(start, min(start + 200, len(EXAMPLE))))
    piece = data.draw(st.one_of(st.text(max_size=10), st.sampled_from(EXAMPLE.splitlines())))
    never_raises(EXAMPLE[:start] + piece + EXAMPLE[end:])


VALUES = st.recursive(
    st.sampled_from(
        ["1", "-1", "1.5", "true", '""', '"x"', '"1h"', "2026-01-01", "'team:x'", '"a@b"', '"\\u0000"', "nan"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(inner, max_size=2).map(
            lambda items: "{ " + ", ".join(f"k{n} = {i}" for n, i in enumerate(items)) + " }"
        ),
    ),
    max_leaves=4,
)
LINES = [line for line in EXAMPLE.splitlines() if "=" in line.split("#")[0] and not line.startswith((" ", "#"))]


@settings(max_examples=300)
@given(st.sampled_from(LINES), VALUES)
def test_any_key_with_any_value_is_a_config_or_a_config_error(line: str, value: str) -> None:
    key = line.partition("=")[0]
    never_raises(EXAMPLE.replace(line, f"{key}= {value}"))


# ---- the first config, and the cost of loading -------------------------------------------------------------

ANN = Person(key="ann", name='Ann "Annie" Reyes', email="ann@bank.example")
BOB = Person(key="bob.b", name="Bob\\Ö", email="bob@bank.example")


@pytest.mark.parametrize(
    "account",
    [
        None,
        Account(host="imap.bank.example", user="support"),
        Account(host="imap.bank.example", port="143", user="support"),
        Account(provider="fastmail", user="support@bank.example"),
        Account(provider="microsoft", user="s@bank.example", sign_in="client", tenant="bank.example", client_id="id"),
        Account(provider="microsoft", user="s@bank.example", sign_in="code", client_id="id", secret=""),
        Account(provider="google", user="s@bank.example", sign_in="code", client_id="id"),
        Account(provider="google", user="s@bank.example", sign_in="service-account", secret='{ file = "key.json" }'),
    ],
)
@pytest.mark.parametrize("relay", ["maildir", "127.0.0.1:2525", "smtp.bank.example", "smtp.bank.example:587"])
def test_the_first_config_is_valid_and_about_thirty_lines_long(
    account: Account | None, relay: str, tmp_path: Path
) -> None:
    answers = Answers(
        name="First Bank",
        address="support@bank.example",
        agents=(ANN, BOB),
        timezone="Europe/Berlin",
        account=account,
        relay=relay,
    )
    (tmp_path / "config.toml").write_text(text := starter(answers))
    (tmp_path / "key.json").write_text('{"client_email": "robot@bank.example", "private_key": ""}')
    config, warnings = load(tmp_path / "config.toml", {"SUPPORT_PASSWORD": "x"})
    assert warnings == ()
    assert 25 <= len(text.splitlines()) <= 38
    assert config.desk.admin == "ann@bank.example"
    assert [agent.name for agent in config.agents.values()] == [ANN.name, BOB.name]
    assert (config.smtp is None) == (account is not None)
    ports = {"maildir": 25, "127.0.0.1:2525": 2525, "smtp.bank.example": 25, "smtp.bank.example:587": 587}
    provider = PROVIDERS.get(account.provider) if account else None
    [sends] = config.relays
    assert sends.port == (provider.smtp.port if provider else ports[relay])
    signs_in = account is not None and (provider is not None or sends.port == 587)
    assert sends.credentials.user == (account.user if account and signs_in else "")


@given(st.text(max_size=20), st.text(max_size=20))
def test_answers_are_quoted(name: str, zone: str) -> None:
    text = starter(Answers(name=name, address="a@b.example", agents=(ANN,), timezone=zone))
    _, reading = read(Path("config.toml"), text, {})
    assert all(problem.where.startswith(("[desk.", "[address.")) for problem in reading.problems)


def test_loading_imports_no_expensive_modules() -> None:
    """`ingest` runs once per mail: no template engine, no calendars, no patterns unless used."""
    code = (
        "import sys; from pathlib import Path; from mailgate.config.load import load;"
        f"load(Path({str(ROOT / 'config.example.toml')!r}), {{}}, thorough=False);"
        "print(*sorted(m for m in sys.modules if m in"
        " ('pydantic', 'jinja2', 'holidays', 'asyncio', 'difflib', 'email', 'sqlite3', 'mailgate.rules.sla.calendar')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_database_behind_a_symbolic_link_is_the_file_itself(tmp_path: Path) -> None:
    """SQLite keeps its log beside the file: so do lock, status and large mails, and two names have one lock."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "var").mkdir()
    (tmp_path / "var/mailgate.db").symlink_to("../disk/desk.db")  # not there yet
    (tmp_path / "state").symlink_to("var")
    for link in ("", 'database = "sqlite:///var/mailgate.db"', 'database = "sqlite:///state/mailgate.db"'):
        text = f"{SMALLEST}\n[storage]\n{link}\n"
        found, _ = read(tmp_path / "config.toml", text, {}, thorough=False)
        assert found.storage.beside == (tmp_path / "disk/desk.db").resolve(), link
    text = f'{SMALLEST}\n[storage]\ndatabase = "sqlite:///state/other.db"\n'
    found, _ = read(tmp_path / "config.toml", text, {}, thorough=False)
    assert found.storage.beside == tmp_path / "state/other.db"  # a folder may be a link: what is beside is the same
