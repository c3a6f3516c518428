"""Is the mail an automatic answer: out of office, receipt, calendar answer?

Strong signs decide alone. A subject decides only where a person could not have written
it: an answer without "Re:" that calls itself automatic, or with another machine's sign.
"""

from __future__ import annotations

from mailgate.reasons import Reason
from mailgate.rules.screening.incoming import Incoming

# Header fields that only autoresponders write, and values that mean they did not.
VACATION_FIELDS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-autoreply-from",
    "x-mail-autoreply",
    "x-vacation",
    "x-away",
    "x-ms-exchange-generated-message-source-oof",
)
# How mail programs begin the subject of an out-of-office answer, in lower case.
SUBJECTS = (
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "autoresponse",
    "auto:",
    "automatic reply",
    "automatic response",
    "automated reply",
    "automated response",
    "out of office",
    "out of the office",
    "out-of-office",
    "on vacation",
    "vacation reply",
    "vacation response",
    "away from",
    "i am away",
    "i'm away",
    "automatische antwort",
    "abwesenheitsnotiz",
    "abwesenheit",
    "abwesend",
    "autoantwort",
    "nicht im büro",
    "réponse automatique",
    "absence du bureau",
    "absent du bureau",
    "absence",
    "respuesta automática",
    "respuesta automatica",
    "fuera de la oficina",
    "fuera de oficina",
    "resposta automática",
    "resposta automatica",
    "fora do escritório",
    "ausência",
    "risposta automatica",
    "fuori sede",
    "fuori ufficio",
    "automatisch antwoord",
    "automatische beantwoording",
    "afwezig",
    "afwezigheid",
    "autosvar",
    "automatisk svar",
    "automatiskt svar",
    "fraværende",
    "frånvarande",
    "frånvaro",
    "ikke til stede",
    "automaattinen vastaus",
    "poissa",
    "automatyczna odpowiedź",
    "odpowiedź automatyczna",
    "nieobecność",
    "poza biurem",
    "automatická odpověď",
    "automatická odpoveď",
    "mimo kancelář",
    "automatikus válasz",
    "házon kívül",
    "răspuns automat",
    "automatski odgovor",
    "otomatik yanıt",
    "ofis dışında",
    "αυτόματη απάντηση",
    "автоответ",
    "автоматический ответ",
    "автоматична відповідь",
    "вне офиса",
    "תשובה אוטומטית",
    "رد تلقائي",
    "自动回复",
    "自動回覆",
    "自動応答",
    "不在",
    "자동 회신",
    "부재중",
    "trả lời tự động",
)
SUPPRESS = frozenset({"all", "oof", "autoreply"})


def signs(incoming: Incoming) -> tuple[Reason, ...]:
    """Return the reasons for which the mail is an automatic answer."""
    found: list[Reason] = []
    if incoming.token("auto-submitted") == "auto-replied":  # RFC 3834 5.1
        found.append(Reason.AUTO_SUBMITTED_REPLIED)
    if _is_receipt(incoming, "message/disposition-notification"):  # RFC 8098 3: what became of a mail at its reader's
        found.append(Reason.DISPOSITION_NOTIFICATION)
    if _is_receipt(incoming, "message/delivery-status", "message/global-delivery-status"):  # no failure: no bounce
        found.append(Reason.DELIVERY_RECEIPT)
    if _is_calendar_reply(incoming):
        found.append(Reason.CALENDAR_REPLY)
    if _has_vacation_field(incoming):
        found.append(Reason.VACATION_HEADER)
    if _says_so_in_subject(incoming):
        found.append(Reason.VACATION_SUBJECT)
    return tuple(found)


def _is_receipt(incoming: Incoming, *types: str) -> bool:
    """A multipart/report with a part of one of these types."""
    mail = incoming.mail
    return mail.content_type == "multipart/report" and any(part.type in types for part in mail.attachments)


def _is_calendar_reply(incoming: Incoming) -> bool:
    """RFC 5546 3.2.3: METHOD:REPLY accepts or declines a meeting."""
    return any(
        part.type == "text/calendar" and b"method:reply" in part.head(4096).lower()
        for part in incoming.mail.attachments
    )


def _has_vacation_field(incoming: Incoming) -> bool:
    if any(incoming.token(name) not in {"", "no", "false", "0"} for name in VACATION_FIELDS):
        return True
    if incoming.token("precedence") in {"auto_reply", "auto-reply"}:
        return True
    return "autoresponder" in incoming.mail.header("x-post-messageclass").lower()


def _says_so_in_subject(incoming: Incoming) -> bool:
    subject = incoming.mail.subject.lower().lstrip("[(*- ")
    if not subject.startswith(SUBJECTS):
        return False
    suppress = {word.strip().lower() for word in incoming.mail.header("x-auto-response-suppress").split(",")}
    # A person's answer begins with "Re:", and a person's new mail answers nothing.
    return (
        incoming.is_reply
        or incoming.null_sender
        or incoming.token("auto-submitted") not in {"", "no"}
        or incoming.token("precedence") in {"bulk", "junk", "list"}
        or bool(suppress & SUPPRESS)
    )
