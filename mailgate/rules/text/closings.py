"""The formulas with which people close a mail, in the shipped languages: "Best regards", "Mit freundlichen Grüßen"."""

from __future__ import annotations

from mailgate.rules.text.cleanup import visible

# A line of these words alone, with nothing below it, closes a mail as surely as a name does.
_FORMULAS = (
    # English
    "regards|best regards|kind regards|kindest regards|warm regards|warmest regards|with kind regards|with best regards"
    "|many regards|best|all the best|best wishes|kind wishes|with best wishes|sincerely|yours sincerely|sincerely yours"
    "|yours faithfully|yours truly|cordially|respectfully|rgds|br|kr|cheers"
    # German
    "|mit freundlichen grüßen|mit freundlichen gruessen|mit freundlichen grüssen|mit freundlichem gruß"
    "|mit freundlichem gruss|freundliche grüße|freundliche grüsse|freundlicher gruß|freundlichen gruß|viele grüße"
    "|viele gruesse|viele grüsse|beste grüße|beste grüsse|herzliche grüße|herzliche grüsse|liebe grüße|liebe grüsse"
    "|schöne grüße|schöne grüsse|mit besten grüßen|mit besten grüssen|besten gruß|lieben gruß|gruß|gruss|grüße|grüsse"
    "|hochachtungsvoll|mfg|vg|lg|bg"
    # French
    "|cordialement|bien cordialement|très cordialement|bien à vous|bien à toi|sincères salutations"
    "|meilleures salutations|salutations distinguées|salutations|cdlt|cdt|amicalement|respectueusement"
    # Spanish
    "|saludos|un saludo|saludos cordiales|un cordial saludo|cordiales saludos|cordialmente|atentamente"
    "|muy atentamente|reciba un cordial saludo|un abrazo|atte"
)
# Thanks close a mail only above a name: alone they are a text.
_THANKS = (
    "thanks|thank you|many thanks|thanks a lot|thanks again|thank you very much|thanks and regards|thanks & regards"
    "|thanks and best regards|with thanks|thx|danke|vielen dank|besten dank|herzlichen dank|danke und gruß"
    "|vielen dank und freundliche grüße|merci|merci beaucoup|merci d'avance|gracias|muchas gracias|gracias y saludos"
)
FORMULAS = frozenset(_FORMULAS.split("|"))
THANKS = frozenset(_THANKS.split("|"))


def formula(line: str) -> str:
    """The line as it stands in the tables above."""
    return visible(line).casefold().replace("’", "'").strip(" ,.!*_-–—~")
