"""Text from bytes: declared, mislabelled and unknown charsets."""

import pytest

from mailgate.reading.encodings import charset, japanese, mojibake


@pytest.mark.parametrize(
    ("data", "declared", "text"),
    [
        (b"plain", "", "plain"),
        ("Grüße".encode("utf-16"), "utf-8", "Grüße"),
        (b"\xff\xfe" + "Привет".encode("utf-16-le"), "unicode", "Привет"),
        (b"\xfe\xff" + "Привет".encode("utf-16-be"), "", "Привет"),
        ("Привет".encode("utf-32"), "us-ascii", "Привет"),
        (b"\xff\xfeodd", "iso-8859-1", "ÿþodd"),
        ("ä".encode(), "", "ä"),
        (b"\xe4", "latin1", "ä"),
        (b"\x93quoted\x94", "iso-8859-1", "“quoted”"),
        (b"\x81\xe4", "iso-8859-1", None),
        ("한국어".encode("cp949"), "ks_c_5601-1987", "한국어"),
        ("中文".encode("gb18030"), "gb2312", "中文"),
        ("日本".encode("cp932"), "x-sjis", "日本"),
        (b"+AOQ-", "utf-7", "ä"),
        (b"+2AA-", "utf-7", "\ufffd"),
        ("日本".encode("iso-2022-jp"), "", "日本"),
        ("日本".encode("iso-2022-jp"), "us-ascii", "日本"),
        (b"\xff\xfeh\0i\0", "utf-16", "hi"),
        (b"\xc3\xa4 \xff", "utf-8", None),
        (b"abc", "rot13", "abc"),
        (b"\xe4bc", "rot13", None),
        (b"\xe4bc", "idna", None),
        (b"\xef\xbb\xbfhi", "utf-8", "hi"),
    ],
)
def test_charsets(data: bytes, declared: str, text: str | None) -> None:
    got = charset.decode(data, declared)
    assert got == text if text is not None else got


def test_cyrillic_without_a_charset_is_detected() -> None:
    subject = "Узнай, как зарабатывать каждую неделю"
    assert charset.decode(subject.encode("cp1251")) == subject


def test_iso_2022_jp_with_the_characters_of_windows():
    kana = "".join(map(chr, range(0x3041, 0x3094))) + "漢字、亜腕"
    assert japanese.decode(kana.encode("iso2022_jp")) == kana
    assert charset.decode(b"\x1b$B-!-j\x1b(B ok", "iso-2022-jp") == "①㈱ ok"
    assert charset.decode(b"\x1b(I1\x1b(B", "iso-2022-jp") == "ｱ"
    assert japanese.decode(b"\x1b(I1 2\x1b(B") == "ｱ ｲ"
    assert japanese.decode(b"\x1b$(Dab\x1b(B") is None
    assert japanese.decode(b"\x1b$B~~\x1b(B") is None


@pytest.mark.parametrize(
    ("broken", "right"),
    [
        ("GrÃ¼ÃŸe aus MÃ¼nchen â€“ donâ€™t", "Grüße aus München – don’t"),
        ("Â£5, â‚¬7, ðŸ˜€", "£5, €7, 😀"),
        ("Grüße", "Grüße"),
        ("Ã bien Ã¼", "Ã bien Ã¼"),  # not all of it is broken: perhaps nothing is
        ("naïve â€", "naïve â€"),
        ("à\x80\x80 í\xa0\x80", "à\x80\x80 í\xa0\x80"),  # an overlong form and a surrogate: never written
        ("日本", "日本"),
        ("plain", "plain"),
    ],
)
def test_mojibake_is_repaired_where_it_is_certain(broken, right):
    assert mojibake.repaired(broken) == right


@pytest.mark.parametrize("declared", ["us-ascii", "unknown-8bit", "x-unknown", "8bit", "ANSI_X3.4-1968", ""])
@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("您好,我们的门户网站从今天早上开始就无法访问了,请尽快处理。", "gb18030"),
        ("您好,我們的網站從今天早上開始無法使用,請盡快處理。", "big5"),
        ("안녕하세요, 오늘 아침부터 포털에 접속할 수 없습니다.", "euc-kr"),
        ("お世話になっております。今朝からポータルに接続できません。", "shift_jis"),
        ("Здравствуйте, портал не работает с утра. Помогите пожалуйста.", "cp1251"),
        ("Grüße aus Köln, der Zugang kostet 100 € im Jahr.", "cp1252"),
        ("Grüße aus Köln, der Zugang kostet 100 € im Jahr.", "utf-8"),
    ],
)
def test_a_label_that_says_nothing_of_bytes_beyond_ascii_leaves_them_to_be_guessed(text, written, declared) -> None:
    assert charset.decode(text.encode(written), declared) == text
