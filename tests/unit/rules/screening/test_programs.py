"""Automatic answers as many kinds of program write them, and what people write that looks like one."""

from __future__ import annotations

import pytest

from mailgate.mail import Envelope
from mailgate.reading.parse import parse
from mailgate.reasons import Screen
from mailgate.rules.screening.classify import classify

OURS = "<n.1.x@bank.example>"
ANSWERS = f"In-Reply-To: {OURS}\nReferences: {OURS}\n"


def screen(fields: str, text: str, sender: str | None = "karen@client.example") -> Screen:
    head = "From: Karen Client <karen@client.example>\nTo: support@bank.example\nMessage-ID: <9@client.example>\n"
    mail = parse(f"{head}{fields}Content-Type: text/plain; charset=utf-8\n\n{text}\n".encode())
    return classify(mail, Envelope(sender, ()), {OURS}.__contains__, frozenset({"support@bank.example"})).kind


EXCHANGE = f"Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\n{ANSWERS}"
NULL = ""

MACHINES: dict[str, tuple[str, str, str | None]] = {
    "Exchange in Polish": (f"Subject: Automatyczna odpowiedź: Prośba\n{EXCHANGE}", "Jestem na urlopie.", NULL),
    "Exchange in Serbian": (f"Subject: Аутоматски одговор: Your request\n{EXCHANGE}", "Нисам ту.", NULL),
    "Exchange in Catalan": (f"Subject: Resposta automàtica: Your request\n{EXCHANGE}", "No hi soc.", None),
    "Exchange in Basque": (f"Subject: Erantzun automatikoa: Your request\n{EXCHANGE}", "Kanpoan nago.", None),
    "Exchange in Maltese, not in the table": (f"Subject: Tweġiba waħedha: Your request\n{EXCHANGE}", "x", None),
    "Outlook.com in Turkish, an id that is not ours": (
        "Subject: Otomatik Yanıt: Talebiniz\nIn-Reply-To: <x@other.example>\nX-MS-Exchange-Inbox-Rules-Loop: k@c\n",
        "Ofis dışındayım.",
        None,
    ),
    "Exchange without any id, from nobody": ("Subject: Automatische Antwort: Ihre Anfrage\n", "Ich bin weg.", NULL),
    "Notes before version 7": (
        "Subject: Karen Client is out of the office.\nX-Mailer: Lotus Notes\n",
        "I will be out of the office starting 02.11.2026 and will not return until 16.11.2026.",
        None,
    ),
    "the same in German": (
        "Subject: Karen Client/Client ist außer Haus.\n",
        "Ich bin ab 02.11.2026 nicht im Büro und kehre am 16.11.2026 zurück.",
        None,
    ),
    "the same in French": (
        "Subject: Karen Client est absent(e).\n",
        "Je serai absent(e) du 02/11/2026 au 16/11/2026.",
        None,
    ),
    "Domino, AUTO in Portuguese": (
        "Subject: AUTO: Karen Client está ausente (retornando 16/11/2026)\n",
        "Volto.",
        None,
    ),
    "Zimbra": (
        "Subject: Re: Your request\nAuto-Submitted: auto-replied (zimbra; vacation)\nPrecedence: bulk\n",
        "x",
        NULL,
    ),
    "Sieve in a server's own words": (
        "Subject: Auto: Your request\nAuto-Submitted: auto-replied (vacation)\n",
        "x",
        None,
    ),
    "Gmail": ("Subject: Weg bis Montag Re: Your request\nX-Autoreply: yes\nPrecedence: bulk\n" + ANSWERS, "x", None),
    "Proton": (
        "Subject: Auto: Your request\nX-Autoreply: yes\nX-Autorespond: yes\nPrecedence: auto_reply\n",
        "x",
        None,
    ),
    "QQ": (f"Subject: 自动回复:Re: Your request\n{ANSWERS}", "您好，我已收到您的邮件。", None),
    "163 without any id": ("Subject: 自动回复: Your request\nX-Mailer: Coremail\n", "我正在休假，稍后回复您。", None),
    "Naver in brackets": (f"Subject: [자동응답] Your request\n{ANSWERS}", "휴가 중입니다.", None),
    "Yandex": (f"Subject: Автоматический ответ: Re: Your request\n{ANSWERS}", "Я вернусь в понедельник.", NULL),
    "mail.ru": ("Subject: Автоответ: Your request\n", "Я в отпуске.", None),
    "cPanel": ("Subject: Thank you\nX-Precedence: auto_reply\nPrecedence: auto_reply\n", "We got it.", None),
    "vpopmail": ("Subject: Re:Re: Your request\nDelivered-To: Autoresponder\n", "I am away.", None),
    "qmail-autoresponder": ("Subject: Re: Your request\nX-Autorespond: Your request\nPrecedence: junk\n", "x", None),
    "BoxTrapper": ("Subject: Your email requires verification\nX-Autorespond: BoxTrapper\n", "Click.", None),
    "TMDA": ("Subject: Please confirm\nAuto-Submitted: auto-replied\nX-Delivery-Agent: TMDA/1.1\n", "Confirm.", None),
    "FirstClass": ("Subject: Auto Reply: Your request\nX-FC-MachineGenerated: true\n", "x", None),
    "Yahoo of old": ("Subject: Yahoo! Auto Response\nPrecedence: bulk\n", "I am on vacation until Monday.", None),
    "vacation(1) of old, from nobody": (f"Subject: away from my mail\n{ANSWERS}", "I read mail again on Monday.", NULL),
    "any words at all, from nobody": (f"Subject: Danke\n{ANSWERS}", "Wir haben Ihre Mail erhalten.", NULL),
    "under Re:, from nobody, and away": (f"Subject: Re: Your request\n{ANSWERS}", "Je suis absente, en congé.", NULL),
    "GroupWise": ("Subject: Your request (Out of Office)\nAuto-Submitted: auto-replied\n", "x", None),
    "Hebrew": (f"Subject: מענה אוטומטי: Your request\n{ANSWERS}", "אני בחופשה.", None),
    "Thai": (f"Subject: ตอบกลับอัตโนมัติ: Your request\n{ANSWERS}", "x", None),
    "Vietnamese": (f"Subject: Trả lời tự động: Your request\n{ANSWERS}", "x", None),
    "Japanese": (f"Subject: 自動応答: Your request\n{ANSWERS}", "休暇中です。", None),
}

PEOPLE: dict[str, tuple[str, str, str | None]] = {
    "a person tells of a colleague": ("Subject: Dan Other is out of the office\n", "Please write to me.", None),
    "a person answers that they are away": (
        f"Subject: Re: Your request\n{ANSWERS}",
        "I am on vacation, ask Dan.",
        None,
    ),
    "automatic things": ("Subject: Automatic door: it is stuck\n", "Please send somebody.", None),
    "automatic things, asked in an answer": (f"Subject: Re: Automatic reply: how?\n{ANSWERS}", "How is it set?", None),
    "a question about the absence notice": ("Subject: Out of office message\n", "Where do I set it?", None),
    "a word before the subject": (f"Subject: Nachfrage: Your request\n{ANSWERS}", "Is it done?", None),
    "an answer with a company's stamp": (
        f"Subject: Re: Your request\nX-Auto-Response-Suppress: DR, OOF, AutoReply\n{ANSWERS}",
        "Thank you.",
        None,
    ),
    "forwarded absence": ("Subject: Fwd: Automatic reply: Your request\n", "See below. Who stands in for her?", None),
    "a signature that tells of a holiday": (
        f"Subject: Re: Your request\n{ANSWERS}",
        "Floor two.\n-- \nKaren\nI am on vacation from 1 to 5 December.",
        None,
    ),
}


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_answers(name: str) -> None:
    assert screen(*MACHINES[name]) is Screen.AUTO_REPLY


@pytest.mark.parametrize("name", PEOPLE)
def test_a_person_writes(name: str) -> None:
    assert screen(*PEOPLE[name]) is Screen.HUMAN


def test_what_comes_from_nobody_and_answers_nothing_is_no_answer() -> None:
    assert screen("Subject: Danke\n", "Hello.", NULL) is Screen.BULK
    assert screen(f"Subject: Re: Your request\n{ANSWERS}", "Floor two.", NULL) is Screen.BULK
