"""Lines that phones and mail programs put below a mail by themselves: "Sent from my iPhone".

The one table of them: body reading cuts such a line off, and commands are read above it.
A line counts only when nothing else stands in it; where unsure, it is somebody's sentence.
"""

from __future__ import annotations

import re

# "Mail for Windows" and its translations.
_WINDOWS_MAIL = (
    r"(?:e-?mail|e-post|courrier|correo|posta|pošty|poczta|почты|mail) (?:for|für|pour|para|per|pre|pro|för|dla|для)"
    r"(?: systemu)? windows|windowsin sähköpostista|мобильной почты mail\.ru"
)
_DEVICE = (
    rf"(?:{_WINDOWS_MAIL}|iphon[eu]|ipad|ipod|ios|android|samsung|galaxy|blackberry|windows phone|huawei|xiaomi|nokia"
    r"|motorola|pixel|oneplus|xperia|htc|小米|outlook|yahoo|gmail|proton ?mail|gmx|web\.de|telekom|thunderbird|fairmail"
    r"|k-9 mail|bluemail|spark|sparrow|airmail|mailspring|workspace one boxer|aol|mail\.ru|icloud|handy|smartphone"
    r"|mobil(?:telefon|gerät)|mobile|phone|téléphone|móvil|celular|cellulare|telefoon|telefon|mobil|tablet|айфон|телефон"
    r"|手机|手機|device|gerät|appareil|dispositivo|dispositif)"
)
# How such a line begins or, in languages that put the verb last, ends.
_BEGINS = (
    r"(?:sent (?:from|with|via|using|by)|gesendet (?:von|mit|über)|diese nachricht wurde von|von(?= mein)"
    r"|envoyé (?:de|depuis|avec|à partir de)|envoyé d['’]un|enviado (?:desde|do|de|del|a partir do|con|com|pelo)"
    r"|inviato (?:da|dal|dall')|verzonden (?:vanaf|met|vanuit|via)|verstuurd vanaf|skickat i?från|sendt (?:fra|med)"
    r"|lähetetty|wysłan[eoay] z|odesláno z|odoslané z|poslano [sz]|отправлено (?:с|из)|надіслано з|изпратено от"
    r"|trimis de pe|elküldve|στάλθηκε από|dikirim dari|从我的|從我的|傳自我的|发自我的|發自我的|來自我的|gửi từ"
    r"|provenance :|(?:get|télécharge[rz]|obten(?:er|ha|ir)|obt(?:er|enha)(?: o)?|scarica|hämta|hent|få|download"
    r"|pobierz|holen sie sich)(?= outlook)|(?=outlook (?:für|voor|for|för|til|dla) (?:ios|android)))"
)
_ENDS = r"(?:gesendet|gönderildi|から送信|에서 보냄|发送|發送|küldve)"
# The only words that may stand beside the device: anything else makes the line somebody's sentence.
_MINOR = (
    r"(?:my|meinem|meiner|mein|mon|ma|mi|meu|minha|mio|mijn|min|mitt|mojego|mého|môjho|моего|мого|mog|a|an|the|un"
    r"|dem|der|het|l['’]application|laitteesta|programu|z|для|für|pour|para|per|voor|for|för|til|dla|on|auf|sur|en|em|na"
    r"|no|de|mit|from|mail|e-?mail|secure|app|windows|wireless|verizon|at&t|t-mobile|vodafone|orange|claro|lte|pro|max"
    r"|plus|ultra|mini|note|edge|[a-z]{0,3}\d\w{0,4}|beziehen|herunterladen|downloaden"
    rf"|gesendet|나의|发送|發送|{_DEVICE}\w{{0,4}}),?"
)
_SUFFIX = r"['’-]?\w{0,7}"  # "iPhonesta", "iPhone'umdan"
_VERB_FIRST = rf"{_BEGINS}(?: {_MINOR}){{0,8}} ?{_DEVICE}(?:{_SUFFIX}|-{_DEVICE}),?(?: {_MINOR}){{0,8}}"
_VERB_LAST = rf"(?:{_MINOR} ){{0,3}}{_DEVICE} ?{_SUFFIX} ?{_ENDS}"
_WHOLE = r"von (?:unterwegs|mobilgerät) gesendet|verzonden met mail"
_LINE = re.compile(rf"[([]?(?:{_VERB_FIRST}|{_VERB_LAST}|{_WHOLE})[.)\]]?")
_LINK = re.compile(r" ?[<([]https?://[^<>\[\]()]*[>)\]]")
_LONGEST = 80  # characters


def is_device_line(line: str) -> bool:
    """True for a line that a phone or mail program adds by itself, in any of its forms and languages."""
    plain = _LINK.sub("", " ".join(line[:400].casefold().split())).strip("*_<>[] ")
    return len(plain) <= _LONGEST and bool(_LINE.fullmatch(plain))
