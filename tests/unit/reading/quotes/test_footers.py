"""What gateways, companies and lists add to a mail is none of its author's words; what a person writes stays."""

from __future__ import annotations

import pytest

from mailgate.reading.quotes.lines import Kind, Line
from mailgate.reading.quotes.split import Purpose, split, text_lines

DISCLAIMERS = {
    "en": (
        "This e-mail and any attachments are confidential and intended solely for the addressee. If you have received"
        " this message in error, please notify the sender and delete it."
    ),
    "en, about who must not read it": (
        "The information in this email is for the sole use of the named recipient. Any unauthorised copying or"
        " distribution of its contents is strictly prohibited."
    ),
    "de": (
        "Diese E-Mail enthält vertrauliche und/oder rechtlich geschützte Informationen. Wenn Sie nicht der richtige"
        " Adressat sind, informieren Sie bitte sofort den Absender und vernichten Sie diese Mail."
    ),
    "fr": (
        "Ce message et toutes les pièces jointes sont confidentiels et établis à l'intention exclusive de ses"
        " destinataires. Toute diffusion non autorisée est interdite."
    ),
    "es": (
        "La información contenida en este mensaje es confidencial y está dirigida únicamente a su destinatario. Si lo"
        " ha recibido por error, elimínelo."
    ),
    "it": (
        "Le informazioni contenute in questa e-mail sono riservate e destinate esclusivamente al destinatario. Se avete"
        " ricevuto questo messaggio per errore, vi preghiamo di cancellarlo."
    ),
    "nl": (
        "Dit bericht is vertrouwelijk en uitsluitend bestemd voor de geadresseerde. Indien u dit bericht ten onrechte"
        " heeft ontvangen, verzoeken wij u het te verwijderen."
    ),
    "ru": (
        "Это сообщение и любые вложения являются конфиденциальными и предназначены исключительно для адресата. Если вы"
        " получили его по ошибке, удалите его."
    ),
    "ja": (
        "このメールには機密情報が含まれている場合があります。宛先以外の方が誤って受信された場合は、"
        "送信者に通知のうえ削除してください。"
    ),
    "a heading and a link": "Email Disclaimer: https://www.client.example/disclaimer",
    "a plea": "Please consider the environment before printing this e-mail.",
    "ein Appell": "Bitte denken Sie an die Umwelt, bevor Sie diese E-Mail ausdrucken.",
}
REGISTERED = "Client Ltd. Registered in England and Wales No. 01234567. Registered office: 1 High Street, London."
QUOTE = "On Fri, Nov 20, 2026 at 10:00 AM Desk <support@bank.example> wrote:\n\n> We changed it.\n>\n> Elliot"
LIST = "_______________\nusers mailing list\nusers@client.example\nhttps://client.example/mailman/listinfo/users"


def shown(text: str, purpose: Purpose = Purpose.ANSWER) -> str:
    return "\n".join(split(text_lines(text), purpose).visible)


@pytest.mark.parametrize("purpose", [Purpose.ANSWER, Purpose.NEW])
@pytest.mark.parametrize("footer", DISCLAIMERS.values(), ids=DISCLAIMERS)
def test_a_footer_below_the_text_is_cut(footer, purpose):
    assert shown(f"Hello,\n\nthat works.\n\nKaren\n\n{footer}\n", purpose) == "Hello,\n\nthat works.\n\nKaren"


@pytest.mark.parametrize("footer", [*DISCLAIMERS.values(), REGISTERED, LIST], ids=[*DISCLAIMERS, "company", "list"])
def test_a_footer_below_a_quote_makes_no_answer_of_it(footer):
    assert shown(f"Thanks!\n\n{QUOTE}\n\n{footer}\n") == "Thanks!"


def test_all_of_a_long_footer_goes_with_the_rule_above_it():
    english, german = DISCLAIMERS["en"], DISCLAIMERS["de"]
    card = "Client GmbH, Hauptstraße 1, 10115 Berlin\nwww.client.example"
    footer = f"________\n\n{english}\n\nWe accept no liability for viruses.\n\n{german}\n\n{card}"
    assert shown(f"Thanks!\n\n{QUOTE}\n\n{footer}") == "Thanks!"
    assert split(text_lines(f"Hello\n\nIt works.\n\n{footer}")).signature == ""


def test_a_footer_right_below_the_last_line_is_one():
    assert shown(f"Hello\n\n#close\n{DISCLAIMERS['en']}") == "Hello\n\n#close"
    assert shown(f"Hello\n\nIt works now.\n{DISCLAIMERS['en']}\nClient Ltd") == "Hello\n\nIt works now."


def test_an_answer_below_a_quote_stays_with_it():
    answered = shown(f"{QUOTE}\n\nIt works.\n\n{DISCLAIMERS['en']}")
    assert answered == "> We changed it.\n>\n> Elliot\n\nIt works."


@pytest.mark.parametrize(
    "text",
    [
        DISCLAIMERS["en"],  # all that there is
        f"Hello, which of these do you want?\n\n{DISCLAIMERS['en']}\n\nIt is what our lawyers suggest.",
        f"Hello, this one?\n\n{DISCLAIMERS['en']}\n\nfine for us",
        "Hi,\n\nI received this message in error and by mistake: please take my address off the confidential list.",
        "Hi,\n\nthis message is confidential: only the addressee may read it, and delete it then. The PIN is 1234.",
        "Hi,\n\nis this e-mail confidential, and may it be read by anybody but the addressee, or is that prohibited?",
        "Hello,\n\ncompany number 01234567, registered office 5 High Street.",  # as somebody was asked for
        "Hello,\n\nplease print the list of the environment variables.",
        (
            "Hello,\n\nbefore you print it, set the environment: the printer on the second floor, two columns, by"
            " name and date, paper of the larger size, and both sides of it, or else it does not fit the folder that"
            " we take along."
        ),
        "Hello,\n\n________\nplease unsubscribe me: karen@client.example",
        "Disclaimer\n\nHello, this is the text of the notice that we want on the portal.",
    ],
)
def test_what_a_person_writes_stays(text):
    assert shown(text) == text


@pytest.mark.parametrize(
    "banner",
    [
        "CAUTION: This email originated from outside of the organization. Do not click links or open attachments.",
        "ACHTUNG: Diese E-Mail stammt von einem externen Absender. Öffnen Sie keine Anhänge.",
    ],
)
def test_a_banner_of_a_gateway_on_top_is_cut(banner):
    assert shown(f"{banner}\n\nThanks!\n\n{QUOTE}") == "Thanks!"
    assert banner not in shown(f"----\n\n{banner}\n\nThanks!")
    assert shown(f"Our new banner:\n\n{banner}\n\nPlease remove it.").count("\n") == 4
    assert shown(banner) == banner


def test_a_footer_of_a_page_is_cut():
    lines = [Line("Thanks!"), Line("We changed it.", 1, Kind.QUOTE), Line(""), Line(DISCLAIMERS["en"])]
    assert split(lines, page=True).visible == ("Thanks!",)
    signed = [Line("It works."), Line(DISCLAIMERS["en"]), Line("Karen", kind=Kind.SIGNATURE), Line(DISCLAIMERS["de"])]
    assert split(signed, page=True).visible == ("It works.",)
    assert split(signed, page=True).signature == "Karen"
