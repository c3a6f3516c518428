"""Is what stands below a block of commands a signature and nothing else?

It knows lines that phones and mail programs add by themselves, the `-- ` delimiter, and
the signatures it is told. Anything else is somebody's text: where unsure, it is text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailgate.rules.text.cleanup import visible

_DEVICE = (
    r"(?:iphon[eu]|ipad|ipod|ios|android|samsung|galaxy|blackberry|windows phone|mail (?:for|für|pour|para|per) windows"
    r"|huawei|xiaomi|nokia|motorola|pixel|outlook|yahoo|gmail|proton ?mail|gmx|web\.de|thunderbird|fairmail|k-9 mail"
    r"|bluemail|spark|aol|mail\.ru|icloud|handy|smartphone|mobiltelefon|mobile|téléphone|móvil|celular|cellulare"
    r"|telefoon|telefon|mobil|tablet|айфон|телефон)"
)
# How a line about the device begins or, in languages that put the verb last, ends.
_BEGINS = (
    r"(?:sent (?:from|with|via|using|by)|gesendet (?:von|mit|über)|diese nachricht wurde von|von(?= mein)"
    r"|envoyé (?:de|depuis|avec|à partir de)|enviado (?:desde|do|de|del|a partir do|con|com|pelo)"
    r"|inviato (?:da|dal|dall')|verzonden (?:vanaf|met|vanuit|via)|verstuurd vanaf|skickat från|sendt fra|lähetetty"
    r"|wysłan[eoay] z|odesláno z|odoslané z|poslano [sz]|отправлено (?:с|из)|надіслано з|изпратено от"
    r"|trimis de pe|elküldve|στάλθηκε από|dikirim dari|从我的|從我的|傳自我的|发自我的|來自我的|gửi từ"
    r"|(?:get|télécharge[rz]|obten(?:er|ha)|obt(?:er|enha)|scarica|hämta|hent|download|pobierz)(?= outlook)"
    r"|(?=outlook (?:für|voor|for|för|til|dla) (?:ios|android)))"
)
_ENDS = r"(?:gesendet|gönderildi|から送信|에서 보냄|发送|發送|küldve)"
# The only words that may stand beside the device: anything else makes the line somebody's sentence.
_MINOR = (
    r"(?:my|meinem|meiner|mein|mon|ma|mi|meu|minha|mio|mijn|min|mitt|mojego|mého|môjho|моего|мого|a|an|the|un|het|der"
    r"|für|pour|para|per|voor|for|för|til|dla|on|auf|sur|en|na|mail|e-?mail|secure|app|phone|windows|wireless|verizon"
    r"|at&t|t-mobile|vodafone|orange|lte|pro|max|plus|ultra|mini|note|edge|[a-z]{0,3}\d\w{0,4}|beziehen|herunterladen"
    rf"|gesendet|나의|发送|發送|{_DEVICE}),?"
)
_SUFFIX = r"['’-]?\w{0,7}"  # "iPhonesta", "iPhone'umdan"
_VERB_FIRST = rf"{_BEGINS}(?: {_MINOR}){{0,8}} ?{_DEVICE}{_SUFFIX},?(?: {_MINOR}){{0,8}}"
_VERB_LAST = rf"(?:{_MINOR} ){{0,3}}{_DEVICE}{_SUFFIX} ?{_ENDS}"
_MOBILE = re.compile(rf"[([]?(?:{_VERB_FIRST}|{_VERB_LAST})[.)\]]?")
_LINK = re.compile(r" ?[<([]https?://[^<>\[\]()]*[>)\]]")
_LONGEST = 80


def only_signature(rest: Sequence[str], signatures: Sequence[str] = ()) -> bool:
    """True when `rest` holds nothing that somebody wrote to be read.

    A signature is a block below a `-- ` line, one of `signatures` (configured, or seen at
    the end of an earlier mail), or a mobile line, in any order; blank lines do not count.
    """
    lines = _folded(rest)
    known = [block for block in map(_folded, (text.splitlines() for text in signatures)) if block]
    if "--" in lines:
        lines = lines[: lines.index("--")]
    while lines:
        blocks = (len(block) for block in known if lines[-len(block) :] == block)
        tail = 1 if is_mobile_line(lines[-1]) else max(blocks, default=0)
        if not tail:
            return False
        del lines[-tail:]
    return True


def is_mobile_line(line: str) -> bool:
    """True for a line that a phone or mail program adds by itself: "Sent from my iPhone"."""
    folded = _LINK.sub("", _fold(line))
    return len(folded) <= _LONGEST and bool(_MOBILE.fullmatch(folded))


def _folded(lines: Sequence[str]) -> list[str]:
    """The lines as they are compared, without blank ones."""
    return [line for line in map(_fold, lines) if line]


def _fold(line: str) -> str:
    return visible(line).casefold().strip("*_")
