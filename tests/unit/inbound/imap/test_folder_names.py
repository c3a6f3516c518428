"""Names of folders as servers have them, and where junk goes."""

from __future__ import annotations

import pytest

from mailgate.inbound.imap.folder_names import Namespaces, full_name, junk_folder, namespaces

PLAIN = Namespaces()
DOTS = Namespaces("INBOX.", ".", ("user.", "shared."))
SLASHES = Namespaces("INBOX/", "/")
BARE_DOTS = Namespaces("", ".")


@pytest.mark.parametrize(
    ("found", "spaces"),
    [
        (((("", "/"),), None, None), PLAIN),
        (((("INBOX.", "."),), (("user.", "."),), (("shared.", "."),)), DOTS),
        ((None, None, (("Public Folders/", "/"),)), Namespaces(others=("Public Folders/",))),
        (
            (((None, None),), (), (("", "."),)),
            Namespaces(separator=""),
        ),  # a flat namespace has no separator (RFC 2342 5)
    ],
)
def test_a_namespace_response_is_read(found: tuple, spaces: Namespaces) -> None:
    assert namespaces(found) == spaces


@pytest.mark.parametrize(
    ("name", "spaces", "full"),
    [
        ("Processed", PLAIN, "Processed"),
        ("Archive/2026", PLAIN, "Archive/2026"),
        ("Processed", DOTS, "INBOX.Processed"),
        ("INBOX.Processed", DOTS, "INBOX.Processed"),
        ("Archive/2026", DOTS, "INBOX.Archive.2026"),
        ("Archive.2026", DOTS, "INBOX.Archive.2026"),
        ("INBOX", DOTS, "INBOX"),
        ("inbox", DOTS, "inbox"),
        ("inbox.Done", DOTS, "inbox.Done"),
        ("shared.support", DOTS, "shared.support"),
        ("user.ann", DOTS, "user.ann"),
        ("Processed", SLASHES, "INBOX/Processed"),
        ("Archive/2026", BARE_DOTS, "Archive.2026"),
        ("INBOXED", DOTS, "INBOX.INBOXED"),
        ("Processed", Namespaces(separator=""), "Processed"),
    ],
)
def test_a_name_is_that_of_the_personal_namespace(name: str, spaces: Namespaces, full: str) -> None:
    assert full_name(name, spaces) == full


LISTED = [((b"\\HasNoChildren",), "Junk Email"), ((b"\\Noselect", b"\\Junk"), "Nowhere"), ((), "Archive")]
MARKED = [*LISTED, ((b"\\HasNoChildren", b"\\junk"), "Spam")]


@pytest.mark.parametrize(
    ("wanted", "listed", "usual", "folder"),
    [
        ("Trash", MARKED, "", "Trash"),
        ("", MARKED, "Junk Email", ""),
        (None, MARKED, "Junk Email", "Spam"),
        (None, LISTED, "Junk Email", "Junk Email"),
        (None, LISTED, "Nowhere", ""),
        (None, LISTED, "", ""),
        (None, [], "Junk Email", ""),
    ],
)
def test_where_junk_goes(wanted: str | None, listed: list, usual: str, folder: str) -> None:
    assert junk_folder(wanted, listed, usual, PLAIN) == folder


def test_a_wanted_folder_is_in_the_personal_namespace() -> None:
    assert junk_folder("Junk", [], "", DOTS) == "INBOX.Junk"
