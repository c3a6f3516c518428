"""Footers and banners that gateways, companies and mailing lists add to a mail: none of them is its author's words.

A disclaimer is known by what it says of the mail itself: that it is confidential or for one recipient, and what else
lawyers say. The one table of their words. A paragraph counts as a whole, and only at the end of what somebody wrote,
a banner at its beginning. Who says "I", or asks something, is a person; where unsure, it is a person's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from mailgate.reading.quotes import shape
from mailgate.reading.quotes.lines import MAX_LINES, Kind, Line, says_something

MOST = 3000  # characters of a paragraph that are looked at
LONG = 18  # words, which the shortest disclaimer has
FEW = 14  # words of a line that says who somebody is
PARAGRAPHS = 12  # of a footer
NEAR = 8  # characters before the words by which a footer begins
NAME = 4  # words


def _any(*rows: str) -> re.Pattern[str]:
    return re.compile("|".join(rows))


# What each sentence of a disclaimer is about, by stems of many languages. In lower case.
CONFIDENTIAL = _any(
    "confiden[tcz]i|privileged|confidenţial|confidențial|vertraulich|rechtlich geschützt|riservat|vertrouwelijk",
    "konfiden[ts]iel|fortrolig|luottamukselli|poufn|důvěrn|dôvern|bizalmas|titoktart|конфиденциальн|конфіденційн",
    "поверителн|gizli|εμπιστευτικ|機密|保密|机密|秘密|기밀|חסוי|سري",
)
RECIPIENT = _any(
    "intended (?:recipient|addressee|solely|only|exclusively|for)|addressee|(?:sole|exclusive) use of",
    "named recipient|(?:solely|only|exclusively) (?:intended )?for the",
    r"(?:richtige|beabsichtigte|vorgesehene|angegebene|adressierte|bestimmungsgemäße)\w* (?:empfänger|adressat)",
    "nicht für sie bestimmt|ausschließlich für den|ausschließlich an|destinataire|destinat[aá]ri|geadresseerde",
    "uitsluitend bestemd|avsedd för|rätt mottagare|avsedda mottagare|tiltænkt|rette modtager|rette mottaker",
    "tilsiktede mottaker|vastaanottajalle|adresat[aue]|címzett|destinatarului|адресат|призначен|alıcısı",
    "παραλήπτη|收件人|宛先|受信者|수신인|수신자|הנמען|المرسل إليه",
)
ERROR = _any(
    "if you are not|(?:falls|wenn|sollten) sie nicht|si vous n'êtes pas|si usted no es",
    "se (?:você )?não (?:é|for)|se non (?:si|s)|(?:in|by) (?:error|mistake)|irrtümlich|versehentlich|par erreur",
    "por error|per errore|por engano|abusievelijk|ten onrechte|per vergissing|av misstag|ved en feil|ved en fejl",
    "ved feiltakelse|fejlagtigt|vahingossa|erehdyksessä|pomyłk|omyl|tévedés|din greșeală|din greşeală|по ошибке",
    "помилково|погрешка|yanlışlıkla|εκ παραδρομής|误发|誤って|誤送|잘못|בטעות|بالخطأ",
)
FORBIDS = _any(
    "unauthori[sz]ed|prohibited|forbidden|disseminat|disclos|distribution|copying|unbefugt|nicht gestattet",
    "untersagt|weitergabe|unerlaubt|interdit|divulga[cçt]|diffusion|prohibid|vietat|divulgazione|proibid",
    "verboden|verspreid|otillåten|förbjud|forbudt|kielletty|zabronion|rozpowszechnia|zakázán|neoprávněn|tilos",
    "interzis|запрещ|заборонен|забранен|yasak|απαγορ|禁止|금지",
)
DELETE = _any(
    "delete|destroy|notify (?:the sender|us)|löschen|vernichten|informieren sie|supprimer|détruire|borr[ae]",
    "elimin|destru|cancella|apagar|verwijder|radera|slett|poista|usuni|smaž|vymaž|töröl|șterge|ştergeţi|удалит",
    "видаліть|изтри|silin|διαγρ|删除|削除|삭제",
)
LIABLE = _any(
    "virus|liab|views (?:or opinions )?expressed|opinions expressed|legally binding|haftung|haftet|responsab",
    "aansprakelijk|ansvar för|ansvar for|odpowiedzialno|odpovědnost|felelősség|ответственност|відповідальн",
    "отговорност|sorumlu|ευθύνη|責任|责任",
)
FOR_WHOM, FORBIDDEN = (CONFIDENTIAL, RECIPIENT), (ERROR, FORBIDS, LIABLE)
TOPICS = (*FOR_WHOM, *FORBIDDEN, DELETE)
# The mail speaks of itself.
ITSELF = _any(
    r"\b(?:this|the) (?:e-?mail|message|communication|transmission|electronic)",
    r"(?:information|contents?) (?:contained )?(?:in|of) this|\bdiese[rs]? (?:e-?mail|mail|nachricht)",
    r"\bce (?:message|courriel|mail)|\bcet e-?mail|\bcette communication|\bles informations contenues",
    r"\beste (?:mensaje|correo|e-?mail)|\besta (?:comunicación|mensagem)|\best[ae] e-?mail",
    r"\bquest[oa] (?:messaggio|e-?mail|comunicazione)|\bla presente (?:e-?mail|comunicazione)",
    r"\ble informazioni contenute|\bdit (?:e-?mail)?bericht|\bdeze (?:e-?mail|mail)",
    r"\bdetta (?:e-post|mejl|meddelande)|\bdenn[ea] (?:e-?mail|e-post|mail|meddelelse|melding)",
    r"\btämä (?:viesti|sähköposti)|\btämän (?:viestin|sähköpostin)|\b(?:ta|niniejsza) wiadomość",
    r"treść (?:tej|niniejszej)|\btato (?:zpráva|správa)|\btento e-?mail|\bez az (?:e-?mail|üzenet)",
    r"\bacest (?:e-?mail|mesaj)|это сообщение|данное сообщение|настоящее сообщение|цей лист|це повідомлення",
    "това съобщение|bu (?:e-?posta|mesaj|ileti)|το παρόν (?:μήνυμα|e-?mail)|本邮件|此邮件|本郵件|本メール|このメール",
    "이 (?:메일|이메일)|본 메일|הודעה זו|هذه الرسالة",
)
# Near the beginning: every line of a mail is tried, and a search through 64 characters takes twenty times as long.
_ITSELF_NEAR = re.compile(f".{{0,{NEAR - 1}}}?(?:{ITSELF.pattern})")
HEADING = re.compile(
    r"(?:\W{0,4})(?:(?:e-?mail )?confidentiality (?:notice|note|statement|warning)"
    r"|(?:e-?mail |legal |email )?disclaimer|legal notice"
    r"|haftungsausschluss|vertraulichkeitshinweis|avis de confidentialité|avertissement légal"
    r"|aviso (?:legal|de confidencialidad|de confidencialidade)|clausola di riservatezza|avvertenza legale)\b"
)
COMPANY = (
    _any(
        "registered (?:in|no|number|company|with)|company (?:no|number|reg)|companies house",
    ),
    _any(
        "registered (?:office|address|at)|place of business",
    ),
    _any(
        r"\bhr[ab][ -]?\d|amtsgericht|registergericht|handelsregister|firmenbuch",
    ),
    _any(
        r"geschäftsführ|vorstand:|aufsichtsrat|managing directors?:|sitz der gesellschaft|\bsitz:|registered seat",
    ),
    _any(
        r"ust-?id|\bvat (?:no|reg|id|number)|\bsiret\b|\brcs\b|\btva\b|capital (?:social|de)|p\. ?iva|\bcif\b",
        r"\bkvk\b|\bbtw-?(?:nr|nummer)",
    ),
)
PRINTING = (
    _any(
        r"\b(?:print|ausdruck|drucken|imprim|stamp|afdruk|udskriv|skriver ut|tulosta|drukuj|wydruk|vytisk)",
        "печат|yazdır",
    ),
    _any(
        "environment|umwelt|environnement|medio ambiente|meio ambiente|ambient[ei]|milieu|milj|ympäristö",
        r"środowisk|životní|природ|окружающ|çevre|trees?\b|planet",
    ),
    _any(
        r"\b(?:before|bevor|vor dem|avant|antes|prima di|voordat|alvorens|innan|før|ennen|zanim|než)\b",
        r"\b(?:прежде|önce|really|need)\b|nécessaire|wirklich",
    ),
)
LIST = re.compile(r"mailing ?list|unsubscribe|you(?:'re| are)? (?:receiv\w+ this|subscribed)|mailman/listinfo|listserv")
EXTERNAL = (
    _any(
        r"outside (?:of )?(?:the|your|our)?\s?\w{0,20}\s?(?:organi[sz]ation|company|network|domain)",
        "external (?:sender|email|e-mail|source|mail)",
        "extern(?:en|er|e|es)? (?:absender|quelle|e-?mail|mail|afzender|sender)",
        "außerhalb (?:der|des|unserer|ihrer)|expéditeur externe|extérieur de",
        "fuera de (?:la|su|nuestra) organización|remitente externo|mittente esterno|esterna all",
        "remetente externo|fora da",
    ),
    _any(
        r"\blinks?\b|attach|anhäng|anhang|\bliens?\b|pièces? jointe|enlaces|adjunto|allegat|collegament|bijlage",
        "anexos|click|caution|warning|vorsicht|achtung|attention|precaución|external email",
    ),
)
FIRST_PERSON = re.compile(
    r"\b(?:i'(?:m|ve|d|ll)|i (?:am|have|had|will|was|do|don't|can|would|could|need|want|think|got|did|just|see|hope)"
    r"|i received|my|mine|ich|mein\w{0,2}|j'ai|je (?:suis|vous|ne|n'ai)|mon|mes|yo|estoy|io|ik|mijn|jag|jeg)\b"
)
_CONTACT = re.compile(r"\S@\S|www\.|https?://")
_DETAIL = re.compile(r"\d|\S@\S|www\.")


def cut(lines: list[Line]) -> None:
    """Mark the footers below what the author wrote, at its end and above each quote, and the banner on top of it."""
    paragraphs = _paragraphs(lines[: min(len(lines), MAX_LINES)])
    while paragraphs and not _says(lines[slice(*paragraphs[0])]):
        del paragraphs[0]
    if len(paragraphs) > 1 and is_banner(_text(lines, paragraphs[0])):
        _mark(lines, *paragraphs.pop(0))
    run: list[tuple[int, int]] = []
    below = False
    for place, span in enumerate(paragraphs):
        if place and _quoted_between(lines, paragraphs[place - 1][1], span[0]):
            _cut_run(lines, run, below=below)
            run, below = [], True
        run += [span] if place else []  # the first words of a mail are its author's
    _cut_run(lines, run, below=below)


def _cut_run(lines: list[Line], run: Sequence[tuple[int, int]], *, below: bool) -> None:
    """The footers at the end of paragraphs between which nothing is quoted; `below`: above them there is."""
    begins = len(run)
    for place in range(len(run) - 1, max(len(run) - 1 - PARAGRAPHS, -1), -1):
        text = _text(lines, run[place])
        if is_footer(text, below=below) or _is_list(lines, run, place, text):
            begins = place
        elif not (_goes_on(text) or _is_card(lines, run[place])):
            break
    if begins == len(run):
        return
    above = run[begins - 1] if begins else run[begins]
    ruled = above[1] - above[0] == 1 and shape.is_rule(lines[above[0]].text)
    _mark(lines, above[0] if ruled else run[begins][0], run[-1][1])


def is_footer(text: str, *, below: bool) -> bool:
    """Whether a paragraph is a disclaimer, a plea for the environment or, `below` a quote, a company's registration.

    Where nothing is quoted above it, a registration may be what somebody was asked for.
    """
    text = _plain(text)
    if _is_persons(text):
        return False
    words = len(text.split())
    headed = bool(HEADING.match(text))
    if headed and (words <= NAME or "http" in text):
        return True
    long = words >= LONG or (not text.isascii() and len(text) >= 3 * LONG)
    if long and (headed or ITSELF.search(text)) and _names(text, FOR_WHOM) and _names(text, FORBIDDEN):
        return True
    if below and sum(bool(sign.search(text)) for sign in COMPANY) > 1:
        return True
    return words <= 2 * FEW and all(sign.search(text) for sign in PRINTING)


def is_banner(text: str) -> bool:
    """Whether a paragraph warns of a mail from outside, as gateways write on top of it."""
    text = _plain(text)
    return not _is_persons(text) and len(text.split()) <= 5 * FEW and all(sign.search(text) for sign in EXTERNAL)


def _goes_on(text: str) -> bool:
    """Whether a paragraph may stand within a disclaimer: one of its topics."""
    text = _plain(text)
    return not _is_persons(text) and _names(text, (*TOPICS, *COMPANY))


def _names(text: str, topics: Iterable[re.Pattern[str]]) -> bool:
    return any(topic.search(text) for topic in topics)


def _is_persons(text: str) -> bool:
    return text.endswith(("?", "？")) or bool(FIRST_PERSON.search(text))


def _is_list(lines: Sequence[Line], run: Sequence[tuple[int, int]], place: int, text: str) -> bool:
    """Whether a paragraph below a rule says how a mailing list is left or where it is."""
    start = run[place][0]
    ruled = shape.is_rule(lines[start].text) or (place > 0 and shape.is_rule(lines[run[place - 1][0]].text))
    plain = _plain(text)
    asks = _is_persons(plain) or " me" in plain
    return ruled and not asks and bool(LIST.search(plain) and _CONTACT.search(plain))


def _is_card(lines: Sequence[Line], span: tuple[int, int]) -> bool:
    """Whether lines say who somebody is: a number or an address is among them, and no sentence."""
    texts = [lines[place].text.strip() for place in range(*span)]
    return any(_DETAIL.search(text) for text in texts) and all(
        len(text.split()) <= FEW and not text.endswith((".", "!", "?", ":", "。", "？")) for text in texts
    )


def _paragraphs(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """Where runs of own lines that no empty one divides begin and end.

    A footer that was put right below the author's last line begins a run of its own.
    """
    found: list[tuple[int, int]] = []
    start = -1
    for place, line in enumerate(lines):
        own = line.kind is Kind.OWN and bool(line.text.strip())
        if own and start < 0:
            start = place
        elif own and _ends(lines[place - 1].text) and _begins(line.text):
            found.append((start, place))
            start = place
        elif not own and start >= 0:
            found.append((start, place))
            start = -1
    return [*found, (start, len(lines))] if start >= 0 else found


def _begins(text: str) -> bool:
    plain = _plain(text[:200])
    return bool(HEADING.match(plain) or _ITSELF_NEAR.match(plain[: 8 * NEAR]))


def _ends(text: str) -> bool:
    """Whether a sentence ends on a line, or it is too short to be one that was wrapped."""
    return text.rstrip().endswith((".", "!", "?", ":", ",", "。")) or len(text.split()) <= NAME


def _quoted_between(lines: Sequence[Line], start: int, end: int) -> bool:
    return any(line.kind is Kind.QUOTE for line in lines[start:end])


def _says(lines: Sequence[Line]) -> bool:
    return any(says_something(line.text) for line in lines)


def _text(lines: Sequence[Line], span: tuple[int, int]) -> str:
    return "\n".join(line.text[:MOST] for line in lines[span[0] : min(span[1], span[0] + 100)])[:MOST]


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("’", "'").split())


def _mark(lines: list[Line], start: int, end: int) -> None:
    for place in range(start, end):
        if lines[place].kind is Kind.OWN:
            lines[place] = replace(lines[place], kind=Kind.FOOTER)
