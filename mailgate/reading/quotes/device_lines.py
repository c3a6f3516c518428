"""Lines that phones and mail programs put below a mail by themselves: "Sent from my iPhone".

The one table of them: body reading cuts such a line off, and commands are read above it.
A line counts only when nothing else stands in it; where unsure, it is somebody's sentence.
"""

from __future__ import annotations

import re

# "Mail for Windows" and its translations.
_WINDOWS_MAIL = (
    r"(?:e-?mail|e-post|courrier|correo|posta|pošty|poczta|почты|mail) (?:for|für|pour|para|per|pre|pro|för|dla|для)"
    r"(?: systemu| o)? windows|windowsin sähköpostista|мобильной почты mail\.ru"
)
_NAMES = (
    r"iphon[eu] ipad ipod ios android samsung galaxy blackberry huawei xiaomi nokia motorola pixel oneplus xperia htc"
    r" 小米 outlook yahoo gmail gmx web\.de telekom thunderbird fairmail bluemail spark sparrow airmail mailspring aol"
    r" mail\.ru icloud fastmail tutanota superhuman shortwave mailbird typeapp fairphone hey"
)
# Devices and programs; the words for a telephone in several languages.
DEVICES = {
    "Windows Mail": _WINDOWS_MAIL,
    **{name: name for name in _NAMES.split()},
    "Proton": "proton ?mail",
    "K-9": "k-9 mail",
    "Windows Phone": "windows phone",
    "Boxer": "workspace one boxer",
    **{name: f"{name} mail" for name in ("apple", "edison", "canary", "vivaldi", "zoho", "tuta")},
    "eM Client": "em client",
    "Orange": "mail orange",
    "telephone": (
        "handy|smartphone|mobil(?:telefon|gerät)|mobile|phone|téléphone|móvil|celular|cellulare|telefoon|telefon|mobil"
        "|tablet|айфон|телефон|手机|手機|device|gerät|appareil|dispositivo|dispositif"
    ),
}
_DEVICE = f"(?:{'|'.join(DEVICES.values())})"
# How such a line begins, by language.
BEGINS = {
    "English": "sent (?:from|with|via|using|by)|(?:get|download)(?= outlook| bluemail)",
    "German": (
        "gesendet (?:von|mit|über|aus)|diese nachricht wurde von|von(?= mein)|holen sie sich(?= outlook)|(?=outlook für"
        " (?:ios|android))"
    ),
    "French": (
        r"envoyé (?:de|depuis|avec|à partir de)|envoyé d['’]un|envoyé (?:à partir )?d['’](?=outlook)|provenance :"
        "|télécharge[rz](?= outlook)"
        "|obtenir(?= outlook)"
    ),
    "Spanish": "enviado (?:desde|de|del|con)|obten(?:er|ha)(?= outlook)",
    "Portuguese": "enviado (?:do|de|a partir do|com|pelo)|obt(?:er|enha)(?: o)?(?= outlook)",
    "Italian": "inviato (?:da|dal|dall')|(?:scarica|ottieni)(?= outlook)",
    "Dutch": "verzonden (?:vanaf|met|vanuit|via)|verstuurd vanaf|(?=outlook voor (?:ios|android))",
    "Swedish": "skickat i?från|hämta(?= outlook)|(?=outlook för (?:ios|android))",
    "Danish": "sendt (?:fra|med)|(?:hent|få)(?= outlook)|(?=outlook til (?:ios|android))",
    "Finnish": "lähetetty|hanki(?= outlook)",
    "Polish": "wysłan[eoay] z|pobierz(?= outlook)|(?=outlook dla (?:ios|android))",
    "Czech": "odesláno z",
    "Slovak": "odoslané z",
    "Slovenian": "poslano [sz]",
    "Russian": "отправлено (?:с|из)",
    "Ukrainian": "надіслано з",
    "Bulgarian": "изпратено от",
    "Romanian": "trimis de pe",
    "Hungarian": "elküldve",
    "Greek": "στάλθηκε από",
    "Indonesian": "dikirim dari",
    "Chinese": "从我的|從我的|傳自我的|发自我的|發自我的|來自我的",
    "Vietnamese": "gửi từ",
}
# How it ends in languages that put the verb last.
_ENDS = r"(?:gesendet|gönderildi|から送信|에서 보냄|发送|發送|küldve)"
# The only words that may stand beside the device: anything else makes the line somebody's sentence.
_MINOR = (
    r"(?:my|meinem|meiner|mein|mon|ma|mi|meu|minha|mio|mijn|min|mitt|mojego|mého|môjho|моего|мого|mog|a|an|the|un"
    r"|dem|der|het|l['’]application|laitteesta|programu|z|для|für|pour|para|per|voor|for|för|til|dla|on|auf|sur|en|em|na"
    r"|no|de|mit|from|mail|e-?mail|secure|app|windows|wireless|verizon|at&t|t-mobile|vodafone|orange|claro|metropcs|metro|cricket|boost|sprint|by|network|lte|pro|max"
    r"|all|new|mac|mail-app|meinem/meiner"
    r"|plus|ultra|mini|note|edge|evolution|capable|[a-z]{0,3}\d\w{0,4}|beziehen|herunterladen|downloaden"
    rf"|gesendet|나의|发送|發送|{_DEVICE}\w{{0,4}}),?"
)
_SUFFIX = r"['’-]?\w{0,7}"  # "iPhonesta", "iPhone'umdan"
_BEGINS = f"(?:{'|'.join(BEGINS.values()) or '(?!)'})"
_VERB_FIRST = rf"{_BEGINS}(?: {_MINOR}){{0,8}} ?{_DEVICE}(?:{_SUFFIX}|-{_DEVICE}),?(?: {_MINOR}){{0,8}}"
_VERB_LAST = rf"(?:{_MINOR} ){{0,3}}{_DEVICE} ?{_SUFFIX} ?{_ENDS}"
# What people put behind it.
_EXCUSE = (
    r"(?:excuse|forgive|pardon|sorry for|apologies for|apologi[sz]e for) (?:the |my |any |all )?"
    r"(?:\w+ |and |& ){0,3}(?:typos?|brevity|errors?|mistakes|spelling|autocorrect|shortness)"
    r"|(?:entschuldigen sie|entschuldige|verzeihen sie|sorry für) (?:\w+ ){0,4}(?:kürze|tippfehler|rechtschreibfehler)"
    r"|(?:excuse[zr]|pardonnez|désolé pour) (?:\w+ ){0,4}(?:brièveté|concision|fautes(?: de frappe)?|coquilles)"
    r"|(?:disculp[ea]|perdon[ea]) (?:\w+ ){0,4}(?:brevedad|errores|erratas|faltas)"
)
_EXCUSED = rf"(?:[ .,;–—-]{{1,3}}(?:so |and |please |bitte |merci d['’]|por favor,? ){{0,2}}(?:{_EXCUSE}))?"
# "Virus-free. www.avast.com", in many languages.
_SCANNED = (
    r"(?:\w+[ -]){0,3}(?:vir[eu]|vír|wirus|вирус|вірус|ウイルス|病毒)(?:[\w -]{0,12})\.? ?www\.(?:avast|avg)\.com"
)
_WHOLE = r"von (?:unterwegs|mobilgerät) gesendet|verzonden met mail"
_LINE = re.compile(rf"[([]?(?:(?:{_VERB_FIRST}|{_VERB_LAST}|{_WHOLE}){_EXCUSED}|{_SCANNED})[.!)\]]?")
_LINK = re.compile(r" ?[<([] ?https?://[^<>\[\]()]*[>)\]]")
_LINKED = re.compile(rf"{_BEGINS}(?: [^\s,;:!?]+){{1,4}}\.?")
_TRADE_MARKS = dict.fromkeys(map(ord, "®™©"))
_LONGEST = 80  # characters
_FEW = 7  # words
_SENTENCE = (".", "!", "?", ":", ",", ";", "。", "？", "！", "؟")
# As their makers spell them.
_NAMED = re.compile(
    r"\b(?:iPhone|iPad|iOS|Android|Outlook|Windows|Samsung|Galaxy|Huawei|Xiaomi|Yahoo|Gmail|Thunderbird|Proton)"
    r"|小米|华为"
)


def is_device_line(line: str) -> bool:
    """True for a line that a phone or mail program adds by itself, in any of its forms and languages.

    An unknown program counts where the line links to it.
    """
    folded = " ".join(line[:400].casefold().translate(_TRADE_MARKS).split())
    plain = _LINK.sub("", folded).strip("*_<>[] ")
    if len(plain) > _LONGEST:
        return False
    return bool(_LINE.fullmatch(plain)) or (plain != folded and bool(_LINK.search(folded) and _LINKED.fullmatch(plain)))


def may_be_device_line(line: str) -> bool:
    """True for a few words with the name of a device or program, in a language that is not English or with a link.

    It needs a place where such lines stand: somebody who writes a sentence ends it.
    """
    plain = _LINK.sub("", " ".join(line[:400].split())).strip("*_<>[] ")
    if len(plain.split()) > _FEW or plain.endswith(_SENTENCE) or not _NAMED.search(plain):
        return False
    return not plain.isascii() or bool(_LINK.search(line[:400]))
