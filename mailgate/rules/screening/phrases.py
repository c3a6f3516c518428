"""What automatic answers say of themselves, by language: data alone."""

from __future__ import annotations

# Stems of "automatic reply", which mail programs put before the subject that they answer, and a colon behind it.
AUTOMATIC = (
    "automat automát automàt automāt autorepl auto-repl auto_repl autorespon auto-respon auto_respon autoantwort "
    "autosvar automaa otomat "
    "автомат автоответ автовідпов αυτόματ αυτοματ samodejn sjálfvirk ավտոմատ ავტომატ 自动 自動 자동 אוטומט تلقائ "
    "خودکار อัตโนมัติ स्वचालित tự_động"
)
# How the subject of an out-of-office answer begins, in lower case.
ABSENT = (
    "out of office",
    "out of the office",
    "out-of-office",
    "on vacation",
    "vacation reply",
    "vacation response",
    "away from",
    "i am away",
    "i'm away",
    "abwesenheitsnotiz",
    "abwesenheit",
    "abwesend",
    "nicht im büro",
    "absence du bureau",
    "absent du bureau",
    "absence",
    "fuera de la oficina",
    "fuera de oficina",
    "ausente",
    "fora do escritório",
    "ausência",
    "fuori sede",
    "fuori ufficio",
    "assenza",
    "afwezig",
    "afwezigheid",
    "fraværende",
    "fravær",
    "frånvarande",
    "frånvaro",
    "ikke til stede",
    "poissa",
    "nieobecność",
    "poza biurem",
    "mimo kancelář",
    "nepřítomnost",
    "neprítomnosť",
    "mimo kancelárie",
    "házon kívül",
    "absent",
    "absența",
    "izvan ureda",
    "odsoten",
    "odsotnost",
    "ofis dışında",
    "εκτός γραφείου",
    "вне офиса",
    "отсутствую",
    "нет на месте",
    "відсутній",
    "поза офісом",
    "извън офиса",
    "ne biure",
    "kontorist väljas",
    "خارج المكتب",
    "מחוץ למשרד",
    "不在办公室",
    "不在",
    "외출",
    "부재중",
    "vắng mặt",
)
# What somebody who is away says first.
AWAY = (
    "out of office",
    "out of the office",
    "away from the office",
    "away from my",
    "on vacation",
    "on holiday",
    "on leave",
    "on annual leave",
    "on parental leave",
    "on maternity leave",
    "nicht im büro",
    "nicht im hause",
    "außer haus",
    "abwesend",
    "im urlaub",
    "en congé",
    "je suis absent",
    "je serai absent",
    "en vacances",
    "de vacaciones",
    "fuera de la oficina",
    "estoy ausente",
    "estaré ausente",
    "estou ausente",
    "estarei ausente",
    "de férias",
    "fora do escritório",
    "in ferie",
    "fuori ufficio",
    "fuori sede",
    "met vakantie",
    "op vakantie",
    "afwezig",
    "på semester",
    "på ferie",
    "ute av kontoret",
    "lomalla",
    "na urlopie",
    "poza biurem",
    "na dovolené",
    "na dovolenke",
    "szabadságon",
    "în concediu",
    "na godišnjem",
    "izinde",
    "в отпуске",
    "у відпустці",
    "σε άδεια",
    "休假",
    "休暇",
    "外出中",
    "휴가",
)
# The line of an Outlook reaction: a name, and that its owner reacted.
REACTED = (
    "reacted to your message",
    "hat auf ihre nachricht reagiert",
    "hat auf deine nachricht reagiert",
    "a réagi à votre message",
    "reaccionó a su mensaje",
    "ha reaccionado a su mensaje",
    "reagiu à sua mensagem",
    "ha reagito al tuo messaggio",
    "heeft gereageerd op uw bericht",
)
# What the acknowledgement of a help desk says, by language, in lower case.
_REQUESTS = "request|ticket|case|message|enquiry|inquiry|e-?mail|issue|incident|query"
ACKNOWLEDGED = {
    "English": (
        rf"\b(?:your|this|the|a new) (?:[\w#-]+ ){{0,3}}(?:{_REQUESTS})\b[^.!]{{0,60}} "
        r"(?:has|have|was|is)(?: now| been| successfully| automatically){0,3} "
        r"(?:received|created|logged|opened|registered|submitted|recorded|raised|entered)"
        rf"|\bwe(?:['’]ve| have)?(?: successfully)? received your (?:[\w-]+ ){{0,2}}(?:{_REQUESTS})"
        r"|\bthis is an automat\w+ (?:reply|response|message|acknowledge?ment|e-?mail|notification|confirmation)"
    ),
    "German": (
        r"\bihre? (?:anfrage|nachricht|e-?mail|meldung|mail|anliegen)\b[^.!]{0,60} "
        r"(?:eingegangen|erhalten|erfasst|registriert|entgegengenommen|empfangen)"
        r"|\b(?:ticket|vorgang|fall|anfrage)\b[^.!]{0,60} wurde[^.!]{0,40} (?:erstellt|angelegt|eröffnet|erfasst)"
        r"|\b(?:dies|das) ist eine automat\w+ "
    ),
    "French": (
        r"\bvotre (?:demande|message|ticket|e-?mail|requête|courriel)\b[^.!]{0,60} "
        r"(?:reçue?|enregistrée?|créée?|prise? en compte)\b"
        r"|\bnous avons (?:bien )?reçu votre |\bceci est un (?:message|e-?mail|courriel) automatique"
    ),
    "Spanish": (
        r"\b(?:hemos recibido|recibimos) (?:su|tu) "
        r"|\b(?:su|tu) (?:solicitud|ticket|caso|consulta|incidencia|mensaje)\b[^.!]{0,60} "
        r"(?:recibid|cread|registrad|abiert)[oa]\b|\beste es un (?:mensaje|correo) automático"
    ),
    "Portuguese": (
        r"\brecebemos (?:a |o )?(?:sua|seu) |\b(?:sua|seu) (?:solicitação|pedido|ticket|chamado|mensagem)\b[^.!]{0,60} "
        r"(?:recebid|criad|registrad|abert)[oa]\b|\besta é uma mensagem automática"
    ),
    "Italian": (
        r"\babbiamo ricevuto la (?:sua|tua) |\bla (?:sua|tua) (?:richiesta|segnalazione|e-?mail)\b[^.!]{0,60} "
        r"(?:ricevut|creat|registrat|apert)[oa]\b|\bquesto è un messaggio automatico"
    ),
    "Dutch": (
        r"\b(?:wij|we) hebben (?:uw|je) (?:[\w-]+ ){0,3}ontvangen|\bdit is een automatisch"
        r"|\b(?:uw|je) (?:verzoek|aanvraag|melding|bericht|ticket)\b[^.!]{0,60} "
        r"(?:ontvangen|aangemaakt|geregistreerd)\b"
    ),
    "Swedish": (
        r"\b(?:ditt|din|ert|er) (?:ärende|förfrågan|meddelande)\b[^.!]{0,60} "
        r"(?:mottagits|mottaget|registrerats|skapats)\b"
    ),
    "Polish": (
        r"\b(?:twoje|państwa|pana|pani) (?:zgłoszenie|wiadomość)\b[^.!]{0,60} "
        r"(?:otrzyman|przyjęt|zarejestrowan|utworzon)[aey]\b"
    ),
    "Russian": (
        r"\bваш[ае]? (?:запрос|обращение|заявка|сообщение|письмо)\b[^.!]{0,60} "
        r"(?:получен|создан|зарегистрирован|принят)[оа]?\b"
    ),
}
