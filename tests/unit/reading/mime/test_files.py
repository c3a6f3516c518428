"""Names of files."""

import pytest

from mailgate.reading.parse import parse


@pytest.mark.parametrize(
    ("disposition", "kind", "name"),
    [
        ("filename=_____.pdf", "name=Vertrag.pdf", "Vertrag.pdf"),
        ("filename=Vertrag.pdf", "name=_____.pdf", "Vertrag.pdf"),
        ('filename="??????.pdf"', "name*=utf-8''%D0%94.pdf", "Д.pdf"),
        ("filename=____.pdf", "name=???.pdf", "____.pdf"),
        ('filename="=?utf-8?q?never"', "name=a_b.pdf", "a_b.pdf"),
        ("filename=-", "", "-"),
    ],
)
def test_of_two_names_the_better_counts(disposition: str, kind: str, name: str) -> None:
    raw = f"Content-Type: application/pdf; {kind}\nContent-Disposition: attachment; {disposition}\n\nx".encode()
    assert [a.name for a in parse(raw).attachments] == [name]


def test_a_content_id_is_one_plain_line() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/png\n"
    mail = parse(raw + b"Content-ID: <a\x00b\n c@x>\n\nx\n--b--\n")
    assert [a.cid for a in mail.attachments] == ["ab c@x"]


@pytest.mark.parametrize(
    ("named", "name"),
    [
        ("../../evil.exe", "evil.exe"),
        (r"C:\\Users\\k\\notes.txt", "notes.txt"),
        ("a/", "attachment.pdf"),
        ("..", "attachment.pdf"),
        (".profile", ".profile"),
    ],
)
def test_a_file_name_has_no_path(named: str, name: str) -> None:
    raw = f'Content-Type: application/pdf\nContent-Disposition: attachment; filename="{named}"\n\nx'
    assert [each.name for each in parse(raw.encode()).attachments] == [name]
