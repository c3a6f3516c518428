"""What stands below a block of commands: a signature, or somebody's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.text.signature import is_mobile_line, only_signature

MOBILE = """
Sent from my iPhone
Sent from my Galaxy S21 5G
Sent from my Verizon Wireless 4G LTE smartphone
Sent from Yahoo Mail on Android
Sent from Mail for Windows 10
Sent from Mail for Windows
Sent with Proton Mail secure email.
Sent via the Samsung Galaxy S7 edge, an AT&T 4G LTE smartphone
Get Outlook for Android
Get Outlook for iOS<https://aka.ms/o0ukef>
Get Outlook for iOS (https://aka.ms/o0ukef)
Von meinem iPhone gesendet
Von meinem Samsung Galaxy Smartphone gesendet.
Gesendet von Outlook für iOS
Gesendet mit der WEB.DE Mail App
Outlook für Android beziehen
Envoyé de mon iPhone
Envoyé depuis mon téléphone
Télécharger Outlook pour iOS
Enviado desde mi iPhone
Enviado do meu iPhone
Obtener Outlook para Android
Inviato da iPhone
Verzonden vanaf mijn iPad
Skickat från min iPhone
Sendt fra min iPhone
Lähetetty iPhonesta
Wysłane z iPhone'a
Odesláno z iPhonu
Отправлено с iPhone
Надіслано з iPhone
iPhone'umdan gönderildi
iPhoneから送信
从我的 iPhone 发送
从我的iPhone发送
나의 iPhone에서 보냄
*Sent from my iPhone*
Sent\u00a0from\u00a0my\u00a0iPhone
""".strip().splitlines()

SENTENCES = """
Sent from my side the invoice
I sent from the phone
Sent with Outlook the files on Monday
Sent from the meeting about outlook
Download the report for mobile
Get Outlook running on her laptop
Please send the iPhone
The iPhone was sent
Outlook for everybody is what she wants
Sent
""".strip().splitlines()


@pytest.mark.parametrize("line", MOBILE)
def test_a_line_that_a_phone_adds_is_no_text(line):
    assert is_mobile_line(line)
    assert only_signature(["", line, ""])


@pytest.mark.parametrize("line", SENTENCES)
def test_a_sentence_about_a_phone_is_text(line):
    assert not is_mobile_line(line)
    assert not only_signature([line])


def test_nothing_and_blank_lines_are_no_text():
    assert only_signature([])
    assert only_signature(["", " ", "\u200b", "\u00a0"])


def test_the_delimiter_begins_a_signature():
    assert only_signature(["-- ", "Elliot", "please read this"])
    assert not only_signature(["Hello", "-- ", "Elliot"])


def test_a_known_signature_counts_whatever_its_spacing():
    signature = "Elliot Alderson\nFirst Bank Support\n"
    assert only_signature(["", "elliot  alderson", "", "First Bank\u00a0Support"], (signature,))
    assert not only_signature(["Elliot Alderson"], (signature,))
    assert not only_signature(["It works.", "Elliot Alderson", "First Bank Support"], (signature,))


def test_signatures_stack():
    rest = ["Elliot", "", "Sent from my iPhone", "-- ", "anything"]
    assert only_signature(rest, ("", "Elliot"))
    assert not only_signature(rest, ("",))


def test_the_longest_known_signature_is_taken():
    assert only_signature(["Ann", "Lee"], ("Lee", "Ann\nLee"))


@given(st.lists(st.text(max_size=120), max_size=8), st.lists(st.text(max_size=60), max_size=3))
def test_any_text_is_judged(rest, signatures):
    assert only_signature(rest, signatures) in (True, False)
