"""What the settings derive from themselves."""

from dataclasses import replace

from mailgate.settings import Agent, Credentials, Mailbox

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
