"""What the settings derive from themselves."""

from dataclasses import replace

from mailgate.settings import MAX_MAIL, Agent, Credentials, Listener, Mailbox
from tests.notices import CONFIG

MAILBOX = Mailbox(name="support", host="imap.example", credentials=Credentials(user="support@bank.example"))


def test_a_uid_belongs_to_one_folder_of_one_account():
    elsewhere = (
        replace(MAILBOX, folder="Other"),
        replace(MAILBOX, name="sales"),
        replace(MAILBOX, credentials=Credentials(user="sales@bank.example")),
    )
    assert len({MAILBOX.place, *(each.place for each in elsewhere)}) == 4
    assert replace(MAILBOX, host="other.example").place == MAILBOX.place


def test_an_agent_owns_each_of_their_addresses():
    ann = Agent(key="ann", name="Ann", emails=("ann@bank.example", "ann@home.example"))
    assert ann.email == "ann@bank.example"
    assert ann.owns("ann@home.example")
    assert not ann.owns("bob@bank.example")


def test_mail_from_mailboxes_has_the_limit_of_the_listener_where_there_is_one():
    assert replace(CONFIG, smtp=None).max_mail_size == MAX_MAIL
    listener = Listener(host="127.0.0.1", port=25, max_size=1_000_000)
    assert replace(CONFIG, smtp=listener).max_mail_size == 1_000_000
