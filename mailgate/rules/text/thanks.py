"""A message that only thanks, in the shipped languages: it asks for nothing, so it reopens no ticket. Pure.

Every word must be one of courtesy, success or a name: whatever else somebody says may be a matter of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailgate.rules.text.cleanup import seen
from mailgate.rules.text.signature import Signer, signature_of

MOST = 25  # words, from which on it is more than thanks
_ASKS = re.compile(r"\b(?:is|are|was|have) (?:it|this|that|you|we|everything|all)\b")  # also without its mark
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_THANKS = frozenset(
    {"thank", "thanks", "thx", "ty", "cheers", "danke", "dank", "dankeschön", "merci", "remercie", "remercions"}
    | {"gracias", "agradezco"}
)
_SIGNS = frozenset("👍👌👏🙏💯🎉✅❤💙💚🙂😀😃😄😊☺")  # a phone's whole answer, often
_COURTESY = frozenset(
    # English
    "you so very much many a lot again all for your the help helping support quick fast prompt reply response "
    "answer it that this works work worked working now is was are perfect perfectly great super excellent awesome "
    "wonderful fine good well done everything solved fixed resolved ok okay yes and to i we my our us me really "
    "appreciate appreciated have nice day weekend evening hi hello dear hey team everybody everyone regards best "
    "kind wishes bye "
    # German
    "vielen herzlichen besten schönen lieben ihnen dir euch ihre ihren deine die den das der für sehr recht "
    "schnelle schnellen rasche raschen hilfe unterstützung antwort rückmeldung es jetzt wieder alles nun "
    "funktioniert geht läuft klappt prima toll bestens super gut wunderbar gelöst erledigt behoben hat geklappt "
    "hallo guten morgen tag liebe lieber grüße gruß mit freundlichen schönes wochenende und ja ich wir bin sind "
    "dankbar "
    # French
    "beaucoup mille bien à vous toi pour votre vos ton aide assistance réponse rapide rapidité soutien ça cela "
    "marche fonctionne maintenant tout est parfait parfaitement super génial excellent résolu réglé bonjour "
    "bonsoir bonne journée soirée week-end cordialement et oui je nous infiniment très "
    # Spanish
    "muchas muchísimas mil por su tu ayuda respuesta apoyo rápida rapidez ya todo funciona ahora bien perfecto "
    "perfecta excelente genial estupendo solucionado resuelto arreglado hola buenos buenas días tardes buen fin "
    "de semana saludos un cordial y sí le les te lo la el".casefold().split()
)


def only_thanks(text: str, author: str, names: Iterable[str]) -> bool:
    """Whether a text, but for the signature of `author`, says thanks and nothing else; `names` may be addressed."""
    own = text.strip()
    own = own.removesuffix(signature_of(own, Signer(author))) or own  # "Thanks, Karen" is all closing
    if "?" in own or _ASKS.search(own.casefold()) or any(mark.isdigit() for mark in own):
        return False
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(seen(own))]
    known = {part.casefold() for name in (author, *names) for part in _WORD.findall(name)}
    said = [word for word in words if word not in known]
    thanked = not (_THANKS.isdisjoint(said) and _SIGNS.isdisjoint(own))
    return thanked and len(words) < MOST and _COURTESY.union(_THANKS).issuperset(said)
