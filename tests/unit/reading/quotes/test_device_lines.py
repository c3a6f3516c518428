"""Lines that phones and mail programs add, and sentences that only look like one."""

from __future__ import annotations

import pytest

from mailgate.reading.body import read_body
from mailgate.reading.parse import parse
from mailgate.reading.quotes.device_lines import is_device_line
from mailgate.rules.text.signature import only_signature

ADDED = """
Sent from my iPhone
Sent from my Galaxy S21 5G
Sent from my Verizon Wireless 4G LTE smartphone
Sent from Yahoo Mail on Android
Sent from Mail for Windows 10
Sent from Mail for Windows
Sent with Proton Mail secure email.
Sent via the Samsung Galaxy S7 edge, an AT&T 4G LTE smartphone
Sent with Spike <https://www.spikenow.example/?ref=signature>
Sent from Nine<http://www.9folders.example/>
Gesendet mit Tuta (https://tuta.example)
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
Sent from Yahoo Mail for iPhone
Sent from Outlook for iOS
Sent from Samsung Mobile
Sent from mobile
Sent from Proton Mail for iOS
Sent from Proton Mail Android
Sent via my phone
Sent via BlackBerry from T-Mobile
Sent with Sparrow
Sent with Sparrow (http://www.sparrowmailapp.com/?sig)
Sent with Spark
Sent with Airmail
Sent with Mailspring
Sent from my mobile device
Sent from my mobile
Sent from my tablet
Sent from my Windows Phone
Sent from my Huawei Mobile
Sent from my OnePlus
Sent from my Xperia
Sent from my HTC
Sent from Workspace ONE Boxer
Get Outlook for iOS
Get BlueMail for Android
Von meinem iPad gesendet
Von meinem Handy gesendet.
von unterwegs gesendet
Von unterwegs gesendet
von mobilgerät gesendet
Von Mobilgerät gesendet
Gesendet von Mail für Windows
Gesendet von meinem Samsung Galaxy Smartphone.
Gesendet mit der Telekom Mail App
Gesendet mit der GMX Mail App
Gesendet mit dem Mobiltelefon
Diese Nachricht wurde von meinem Android-Mobiltelefon mit K-9 Mail gesendet.
Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.
Holen Sie sich Outlook für iOS
Outlook für iOS beziehen
Outlook für Android herunterladen
Envoyé de mon iPad
Envoyé depuis l'application Yahoo Mail
Envoyé à partir de Outlook pour Android
Envoyé d'un iPhone
Envoyé à partir d’Outlook pour Android
Envoyé à partir d'Outlook Mobile
Envoyé depuis l'application Mail Orange
Envoyé de mon appareil mobile
Obtenir Outlook pour iOS
Provenance : Courrier pour Windows
Enviado desde Outlook
Enviado desde mi Samsung Mobile de Claro
Enviado desde Correo para Windows
Enviado do meu smartphone Samsung Galaxy.
Enviado do Yahoo Mail no Android
Enviado do Email para Windows
Enviado a partir do Outlook para iOS
Enviado de mi iPhone
Obtener Outlook para iOS
Obter o Outlook para iOS
Inviato da Outlook per iOS
Inviato da Posta per Windows
Inviato dal mio dispositivo Samsung
Inviato dal mio iPhone
Scarica Outlook per iOS
Verzonden vanaf mijn iPhone
Verzonden vanaf Outlook voor Android
Verstuurd vanaf mijn iPhone
Verzonden met Mail
Verzonden met Outlook voor iOS
Outlook voor iOS downloaden
Skickat från E-post för Windows
Skickat ifrån min iPhone
Sendt fra Outlook for iOS
Sendt fra E-post for Windows
Hämta Outlook för iOS
Hent Outlook til iOS
Hent Outlook for iOS
Få Outlook for iOS
Få Outlook til iOS
Lähetetty laitteesta iPhone
Lähetetty Androidin Outlookista
Lähetetty Windowsin Sähköpostista
Wysłano z telefonu Samsung
Wysłane z programu Poczta dla systemu Windows
Odesláno z Pošty pro Windows
Odoslané z iPhonu
Odoslané z Pošty pre Windows
iPhone-omról küldve
Trimis de pe iPhone-ul meu
Poslano s mog iPhonea
Отправлено с моего iPhone
Отправлено из мобильной Почты Mail.ru
Отправлено из Почты для Windows
iPhone 'umdan gönderildi
發自我的 iPhone
发自我的iPhone
发自我的小米手机
Sendt med mobil
Sendt med Outlook for iOS
Sent from the all new AOL app for iOS
Sent from Outlook for Mac
Sent from Zoho Mail on Android
Sent from Fastmail
Von meinem/meiner Galaxy gesendet
Gesendet aus der Telekom Mail-App
Ottieni Outlook per iOS
Hanki Outlook for iOS
Sent from my iPhone. Please excuse typos.
Sent from my iPhone - please excuse brevity
Sent from my phone, excuse the brevity and typos!
Sent from mobile, so please forgive any spelling mistakes
Sent from my iPhone, sorry for the typos
Von meinem iPhone gesendet, bitte entschuldigen Sie die Kürze.
Envoyé de mon iPhone, merci d'excuser les fautes de frappe
Enviado desde mi iPhone. Por favor disculpe los errores.
Sent from my BlackBerry 10 smartphone on the Verizon network.
Sent from my BlackBerry® smartphone
Sent from my MetroPCS 4G LTE Android device
Sent from my Metro by T-Mobile 4G LTE Android Device
Sent via the Samsung Galaxy S9, an AT&T 5G Evolution capable smartphone
Sent from my Boost Mobile phone.
Sent from HEY
Virus-free.www.avast.com
Virus-free. www.avast.com<https://www.avast.com/sig-email?utm_medium=email>
Virenfrei.www.avast.com
Sans virus.www.avast.com
Без вирусов. www.avast.com
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
Sent with love from Madrid
Sent via registered mail on Monday
Gesendet mit der Post
Envoyé depuis la mairie
Verzonden met de post
Sendt med posten
Von unterwegs gesendet, bitte anrufen
Sent from my phone, please excuse me to Ann
Sent from my iPhone, please ignore the first one
Sent from my iPhone. Please call me.
Please excuse the typos
The scanner is www.avast.com: is that right?
Download it at www.avast.com
Sent by nine
Sent from the network by Ann
Sent from the capable Boost Mobile phone of Ann
""".strip().splitlines()


@pytest.mark.parametrize("line", ADDED)
def test_a_line_that_a_phone_adds_is_no_text_for_reading_and_for_commands_alike(line: str):
    assert is_device_line(line)
    assert only_signature(["", line, ""])
    raw = f"Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe portal is down.\r\n\r\n{line}\r\n"
    assert read_body(parse(raw.encode())).visible == "The portal is down."


@pytest.mark.parametrize("line", SENTENCES)
def test_a_sentence_about_a_phone_is_text_for_reading_and_for_commands_alike(line: str):
    assert not is_device_line(line)
    assert not only_signature([line])
    raw = f"Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe portal is down.\r\n\r\n{line}\r\n"
    assert read_body(parse(raw.encode())).visible == f"The portal is down.\n\n{line}"


def test_a_long_line_is_text():
    assert not is_device_line("Sent from my " + "iPhone " * 60)
