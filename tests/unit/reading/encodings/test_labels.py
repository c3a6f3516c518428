"""A charset is known by whatever name mail programs give it, and Western text before a guess."""

import pytest

from mailgate.reading.encodings import charset, labels


@pytest.mark.parametrize(
    ("codec", "names"),
    [
        (
            "cp1252",
            "cp-1252 CP1252 windows_1252 x-cp1252 win-1252 ISO_8859-1:1987 iso8859_1 8859-1 latin-1 L1 IBM819 ansi",
        ),
        ("utf-8", "UTF8 utf_8 utf8mb4 UFT-8 unicode-1-1-utf-8 cp65001 'utf-8' utf-8*en"),
        ("cp850", "cp-850 IBM850 dos-850 oem850 codepage-850"),
        ("iso8859-15", "iso_8859_15 latin-9 ISO8859-15 cp28605"),
        ("cp874", "tis-620 windows-874 iso-8859-11"),
        ("cp1254", "iso-8859-9 latin5 x-cp1254"),
        ("gb18030", "gb2312 x-gbk GB_2312-80 cp936 EUC-CN"),
        ("cp949", "ks_c_5601-1987 x-windows-949 euc_kr"),
        ("cp932", "x-sjis Shift-JIS windows-31j ms_kanji"),
        ("mac_cyrillic", "x-mac-cyrillic x-mac-ukrainian"),
        ("koi8-u", "KOI8-RU koi8u cp21866"),
    ],
)
def test_names_of_a_charset(codec: str, names: str) -> None:
    assert {name: labels.codec(name) for name in names.split()} == dict.fromkeys(names.split(), codec)
    assert all(map(charset.known, names.split()))


def test_every_codec_of_the_table_exists() -> None:
    assert all(charset.known(codec) for codec in labels._TABLE)


@pytest.mark.parametrize("name", ["x-nonsense", "cp99999", "iso-8859-99", "rot13"])
def test_a_name_of_no_charset_is_not_known(name: str) -> None:
    assert not charset.known(name)


def test_none_is_none() -> None:
    assert labels.codec("") == labels.codec(' "" ') == ""


WESTERN = "Größe und Maße", "“Déjà vu”, dit-il, c’était 50 €", "Señor, ¿qué tal?", "Hääyöaie SØREN", "GRÖSSE 5 m²"
OTHERS = (
    ("Привет, как дела? Письмо", "koi8-r"),
    ("Καλημέρα σας, τι κάνετε", "cp1253"),
    ("日本語テスト、メールの件", "cp932"),
    ("zażółć gęślą jaźń, prosimy o pomoc", "cp1250"),
)


@pytest.mark.parametrize("declared", ["", "x-nonsense", "utf-8"])
@pytest.mark.parametrize("text", WESTERN)
def test_western_text_is_read_before_a_guess(text: str, declared: str) -> None:
    assert charset.decode(text.encode("cp1252"), declared) == text


@pytest.mark.parametrize(("text", "codec"), OTHERS)
def test_what_makes_no_western_words_is_guessed(text: str, codec: str) -> None:
    assert charset.decode(text.encode(codec), "x-nonsense") == text


def test_a_broken_byte_makes_utf_8_no_other_charset() -> None:
    data = "Größe und Maße über Äpfel".encode()
    assert charset.decode(data + b"\xff", "utf-8") == "Größe und Maße über Äpfel\ufffd"
    assert charset.decode(data.replace(b"\xc3", b"\xe4", 1), "utf-8").count("\ufffd") == 1
