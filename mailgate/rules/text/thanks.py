"""A message that only thanks, in the shipped languages: it asks for nothing, so it reopens no ticket. Pure.

Every word must be one of courtesy, success or a name: whatever else somebody says may be a matter of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from mailgate.rules.text.cleanup import seen
from mailgate.rules.text.signature import WORD, Signer, signature_of

MOST = 25  # words, from which on it is more than thanks
_FINE = (
    r"(?:quick|fast|swift|speedy|prompt|great|kind|good|nice|excellent"
    r"|fantastic|amazing|brilliant|wonderful|friendly|professional|outstanding)"
)
_KIND = rf"(?:the|your|this|that|all|of|very|so|really|{_FINE})"
_GOOD = (  # what somebody may be thanked for; alone it could be a demand ("fix it", "update me")
    r"(?:help|assistance|support|service|work|job|time|efforts?|patience|attention|kindness|update|info|information"
    r"|feedback|clarification|explanation|confirmation|follow-up|heads-up|reply|response|answer|turnaround|solution|fix)"
)
# What says nothing new as a whole, though its words could in another sentence ("let me know", "one more").
_IDIOMS = re.compile(
    r"\b(?:"
    + "|".join(
        (
            rf"(?:for|appreciate)(?: {_KIND}){{0,4}} {_GOOD}(?:,? and(?: {_KIND}){{0,3}} {_GOOD}){{0,2}}",
            rf"{_FINE} {_GOOD}",
            r"for (?:letting|getting back to) (?:me|us)(?: know)?",
            r"for (?:taking care of|looking into) (?:this|that|it|everything)",
            r"for (?:fixing|solving|resolving|sorting|doing)(?: (?:this|that|it|everything))?(?: out)?",
            r"(?:that |it )?did (?:it|the trick)",
            r"(?:i |we )?got it|no (?:problem|worries)|have a (?:good|great|nice) one|take care",
            r"(?:the |my |our )?(?:problem|issue) (?:is|was|has been) (?:now )?(?:solved|fixed|resolved)",
            r"(?:das |mein |unser )?problem (?:ist|wurde|hat sich) (?:jetzt |nun )?(?:gelöst|behoben|erledigt)",
            r"schönen (?:tag|abend|feierabend|gruß) noch|bis (?:bald|dann)",
            r"(?:le )?problème est (?:résolu|réglé)",
            r"bien (?:reçu|noté)|à bientôt|bonne fin de (?:journée|semaine)",
            r"(?:el )?problema (?:está )?(?:resuelto|solucionado)|hasta (?:luego|pronto)",
            r"que teng(?:as?|an) (?:una? )?(?:buena?|feliz|lindo) (?:día|tarde|fin de semana|semana)",
        )
    )
    + r")\b"
)
_ONCE_MORE = re.compile(r"\b((?:thanks|thank you|thx|cheers)(?: (?:so |very )?much| a lot)?) again\b")
# Something came back, which is good news beside a word of success alone: "it did it again", "es ist wieder so".
_BACK = frozenset({"again", "wieder"})
_SUCCESS = frozenset(
    {"works", "work", "worked", "working", "perfect", "perfectly", "great", "fine", "good", "well", "solved", "fixed"}
    | {"resolved", "ok", "okay", "funktioniert", "geht", "läuft", "klappt", "geklappt", "gut", "prima", "perfekt"}
    | {"einwandfrei", "gelöst", "behoben"}
)
_ELISION = re.compile(r"^[cdjlm]'(?=\w)")  # c'est, d'accord, l'information; never n', which denies
_ASKS = re.compile(  # also without its mark
    r"\b(?:is|are|was|have) (?:it|this|that|you|we|everything|all)\b"
    r"|(?:^|[,.;!]) ?(?:ist|sind|war|hat|haben|geht|läuft|klappt|funktioniert|passt) (?:es|das|sie|alles|ihre?)\b"
)
_THANKS = frozenset(
    {"thank", "thanks", "thx", "ty", "cheers", "danke", "dank", "dankeschön", "merci", "remercie", "remercions"}
    | {"gracias", "agradezco"}
)
_SIGNS = frozenset("👍👌👏🙏💯🎉✅❤💙💚🙂😀😃😄😊☺")  # a phone's whole answer, often
_COURTESY = frozenset(
    # English
    "you so very much many a lot again all for your the quick fast prompt it that this works work worked working now "
    "is was are perfect perfectly great super excellent awesome "
    "wonderful fine good well done everything solved fixed resolved ok okay yes and to i we my our us me really "
    "appreciate appreciated have nice day weekend evening hi hello dear hey team everybody everyone regards best "
    "kind wishes bye it's that's i'm we're you're all's everything's am quickly guys folks "
    "splendid fantastic brilliant lovely amazing glad happy pleased ever always kindly clear both soon "
    "outstanding "
    # German
    "vielen herzlichen besten schönen lieben ihnen dir euch ihre ihren deine die den das der für sehr recht "
    "schnelle schnellen rasche raschen hilfe unterstützung antwort rückmeldung es jetzt wieder alles nun "
    "funktioniert geht läuft klappt prima toll bestens super gut wunderbar gelöst erledigt behoben hat geklappt "
    "hallo guten morgen tag liebe lieber grüße gruß mit freundlichen schönes wochenende und ja ich wir bin sind "
    "dankbar perfekt hervorragend ausgezeichnet einwandfrei klasse spitze passt klar ein eine einen einem schönen "
    "schöner tag abend info infos information informationen mühe mühen bemühungen aufwand geduld erledigung "
    "bearbeitung lösung prompte prompten zügige zügigen kompetente tolle nette freundliche unkomplizierte ihr ihrem "
    "ihrer dein deinem eure euer das dafür sie du war ist wirklich echt freut mich uns verstanden damit so "
    # French
    "beaucoup mille bien à vous toi pour votre vos ton aide assistance réponse rapide rapidité soutien ça cela "
    "marche fonctionne maintenant tout est parfait parfaitement super génial excellent résolu réglé bonjour "
    "bonsoir bonne journée soirée week-end cordialement et oui je nous infiniment très est accord bon belle "
    "agréable retour information informations info réactivité efficacité gentillesse patience temps travail solution "
    "excellente prompte top nickel entendu de la le les des du une un votre mon ma mes avec clair fin "
    # Spanish
    "muchas muchísimas mil por su tu ayuda respuesta apoyo rápida rapidez ya todo funciona ahora bien perfecto "
    "perfecta excelente genial estupendo solucionado resuelto arreglado hola buenos buenas días tardes buen fin "
    "de semana saludos un cordial y sí le les te lo la el vale acuerdo listo entendido recibido información "
    "amabilidad atención colaboración paciencia pronta pronto solución servicio gestión excelentes correctamente "
    "perfectamente está funcionando muy amable feliz abrazo buena gran esta esa vuestra vuestro sus tus fue ha sido "
    "igualmente saludo día".casefold().split()
)


def only_thanks(text: str, author: str, names: Iterable[str]) -> bool:
    """Whether a text, but for the signature of `author`, says thanks and nothing else; `names` may be addressed."""
    own = text.strip()
    own = own.removesuffix(signature_of(own, Signer(author))) or own  # "Thanks, Karen" is all closing
    own = " ".join(seen(own).casefold().replace("’", "'").split())
    count = sum(1 for _ in islice(WORD.finditer(own), MOST))
    if count == MOST or "?" in own or _ASKS.search(own) or any(mark.isdigit() for mark in own):
        return False
    plain = _IDIOMS.sub(" ", _ONCE_MORE.sub(r"\1", own))
    words = [_ELISION.sub("", word) for word in WORD.findall(plain)]
    known = {part.casefold() for name in (author, *names) for part in WORD.findall(name)}
    said = [word for word in words if word not in known]
    if not _BACK.isdisjoint(said) and _SUCCESS.isdisjoint(said):
        return False
    thanked = not (_THANKS.isdisjoint(said) and _SIGNS.isdisjoint(own))
    return thanked and _COURTESY.union(_THANKS).issuperset(said)
