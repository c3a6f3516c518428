"""The lines of docs/connect.md, put to work with a real Postfix in front of a real mailgate."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailgate.config.load import read
from tests.acceptance.labs import KAREN
from tests.acceptance.world import ROOT, World, desk
from tests.postfix import Postfix
from tests.waiting import PATIENCE, wait_until

PAGE = (ROOT / "docs" / "connect.md").read_text("utf-8")
ADDRESS = "support@bank.example"


def blocks() -> Iterator[tuple[str, str, str]]:
    """Section, file and text of each block that names its file in its first line; a bare config is config.toml's."""
    section = file = ""
    text: list[str] = []
    for line in [*PAGE.splitlines(), "## "]:
        code = line.startswith("    ")
        bare = line.strip()
        named = bare.removeprefix("# ").partition(":")[0] if code and bare.startswith(("# /", "# config")) else ""
        named = named or ("config.toml" if code and bare.startswith("[mailbox") and not file else "")
        if named or (bare and not code):
            if file:
                yield section, file, "\n".join(text) + "\n"
            file, text = named, []
        if code and file and not bare.startswith(("# /", "# config")):
            text.append(line.removeprefix("    ").removeprefix("    " if line.startswith("        ") else ""))
        elif line.startswith("## "):
            section = line.removeprefix("## ")


def lines(section: str, file: str) -> str:
    """What the page has for a file in a section."""
    [found] = [text for where, name, text in blocks() if (where, name) == (section, file)]
    return found


def here(text: str) -> str:
    """The lines with tables and sockets in the folder of a private Postfix."""
    return text.replace("hash:/etc/postfix", "texthash:DIR").replace("/run/mailgate", "DIR")


def test_postfix_in_front_by_lmtp(tmp_path: Path) -> None:
    section = "Postfix in front, by LMTP"
    server = Postfix(
        "error:nowhere",
        main=f"mydestination = bank.example\n{here(lines(section, '/etc/postfix/main.cf'))}",
        tables={"mailgate": here(lines(section, "/etc/postfix/mailgate"))},
    )
    listener = here(lines(section, "config.toml")).replace("DIR", str(server.directory))
    usual = '[smtp]\nlisten = "127.0.0.1:0"\nauthserv_ids = ["mx.bank.example"]\n'
    with World(tmp_path, desk(instead={usual: listener})) as world:
        world.start()
        mail = KAREN.writes("The printer is jammed", "Please help.").as_bytes()
        with server, smtplib.SMTP("127.0.0.1", server.port, timeout=PATIENCE) as client:
            client.sendmail(KAREN.email, [ADDRESS], mail)
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                client.sendmail(KAREN.email, ["sales@bank.example"], mail)
            assert refused.value.recipients["sales@bank.example"][0] == 550
            wait_until(lambda: world.sql("SELECT count(*) FROM ticket") == [(1,)], server.log)
        world.settle()


CONFIGS = [(section, text) for section, file, text in blocks() if file == "config.toml"]


def test_the_page_has_a_configuration_for_each_way() -> None:
    assert len(CONFIGS) == 9


@pytest.mark.parametrize(("section", "text"), CONFIGS)
def test_every_configuration_of_the_page_can_be_read(section: str, text: str, tmp_path: Path) -> None:
    """Each is put below a desk with an address and an agent; secrets are there."""
    folder = tmp_path
    (folder / "google.json").write_text('{"client_email": "robot@bank.example", "private_key": ""}')
    (folder / "fastmail.password").write_text("secret")
    for name in ("imap", "m365", "ses", "mailgun"):
        (folder / name).write_text("secret")
    whole = (
        f'[desk]\nname = "D"\n[address."{ADDRESS}"]\n[agent.ann]\nname = "Ann"\nemail = ["ann@bank.example"]\n{text}'
    )
    whole += "" if "[relay]" in text else '[relay]\nhost = "127.0.0.1"\n'
    _, reading = read(folder / "config.toml", whole, {"CREDENTIALS_DIRECTORY": str(folder)}, thorough=False)
    assert [str(each) for each in reading.problems if not each.warning] == [], section
