"""What mail programs write around quoted mail, by language: data alone.

English, German, French, Spanish, Portuguese, Italian, Dutch, Danish, Norwegian,
Swedish, Finnish, Polish, Czech, Slovak, Hungarian, Romanian, Croatian, Turkish, Greek,
Russian, Ukrainian, Bulgarian, Hebrew, Arabic, Japanese, Chinese, Korean, Vietnamese.
"""

from __future__ import annotations

# The word for "wrote" in the line above a quote.
WROTE = (
    "wrote writes said schrieb schreibt geschrieben écrit escribió escribio escribiste escribe escreveu escreveste "
    "scritto scrive schreef geschreven skrev skrivit skrifaði kirjoitti napisał napisała napisal napísal napísala "
    "napsal napsala írta irta írt scris napisao napisala yazdı yazmış şunları έγραψε пишет писал писала написал "
    "написала написав пише написа כתב כתבה كتب 写道 寫道 書きました のメール 작성 viết đã 写入 tarihinde a_écrit "
    "pisze rašė rakstīja kirjutas menulis quoting quoted zitat citando"
)
# First words of such a line where the word for "wrote" stands at its end.
ON = (
    "on am den le el em il în op på pa w dne dňa dana в у на la at om ons dom lör fre man tir vie lun mar mié jue mer "
    "στις ב- 在 vào ti ma ke to pe su ond"
)
FROM = (
    "from von de da van från fra od от від lähettäjä lähettäjältä kimden gönderen feladó expediteur expéditeur "
    "mittente remitente αποστολέας από מאת 发件人 寄件者 寄件人 差出人 送信者 送信元 보낸사람 보낸_사람 보낸 de_la "
    "šalje pošiljatelj od_koho mensagem_de"
)
SENT = (
    "sent date gesendet datum envoyé envoye data fecha enviado enviada_em enviado_em enviado_el enviada inviato "
    "verzonden skickat sendt sendt_den dato lähetetty päivämäärä pvm wysłano wyslano odesláno "
    "odoslané dátum elküldve "
    "trimis tarih gönderildi gönderilme_tarihi отправлено дата надіслано 发送时间 日期 送信日時 日時 "
    "보낸날짜 날짜 thời_gian trimis_la "
    "poslano ημερομηνία תאריך נשלח"
)
TO = (
    "to an à a para aan till til do komu кому vastaanottaja kime alıcı címzett destinataire destinatario destinatari "
    "către prima za προς אל 收件人 宛先 받는사람 받는 cc kopie copie cópia copia kopia kopio tilføj "
    "másolat копия bilgi 抄送 ccn"
)
SUBJECT = (
    "subject betreff objet sujet asunto assunto oggetto onderwerp ämne emne aihe temat předmět predmet tárgy subiect "
    "konu тема θέμα נושא 主题 主題 主旨 件名 제목 chủ_đề"
)
ORIGINAL = (
    "original message",
    "original-nachricht",
    "ursprüngliche nachricht",
    "ursprungliche nachricht",
    "originalnachricht",
    "original mail",
    "reply message",
    "reply original",
    "message d'origine",
    "message d’origine",
    "message original",
    "mensaje original",
    "mensagem original",
    "messaggio originale",
    "messaggio di risposta",
    "oorspronkelijk bericht",
    "oprindelig meddelelse",
    "original meddelelse",
    "oprindelig besked",
    "original besked",
    "opprinnelig melding",
    "ursprungligt meddelande",
    "originalmeddelande",
    "alkuperäinen viesti",
    "wiadomość oryginalna",
    "oryginalna wiadomość",
    "wiadomość pierwotna",
    "původní zpráva",
    "pôvodná správa",
    "eredeti üzenet",
    "mesajul original",
    "originalna poruka",
    "özgün ileti",
    "orijinal mesaj",
    "исходное сообщение",
    "оригинальное сообщение",
    "пересылаемое сообщение ответ",
    "原始邮件",
    "原始郵件",
    "回复的原邮件",
    "元のメッセージ",
    "원본 메시지",
    "원본 메일",
    "antwort",
)
FORWARDED = (
    "forwarded message",
    "forwarded by",
    "forwarded mail",
    "forward message",
    "weitergeleitete nachricht",
    "weitergeleitete mail",
    "message transféré",
    "message transferé",
    "message transmis",
    "message réexpédié",
    "mensaje reenviado",
    "mensagem reencaminhada",
    "mensagem encaminhada",
    "messaggio inoltrato",
    "messaggio rinviato",
    "doorgestuurd bericht",
    "doorgestuurd bericht:",
    "videresendt meddelelse",
    "videresendt melding",
    "videresendt besked",
    "vidarebefordrat meddelande",
    "vidarebefordrat mail",
    "vidarebefordrade brevet",
    "välitetty viesti",
    "edelleenlähetetty viesti",
    "przekazana wiadomość",
    "wiadomość przekazana",
    "treść przekazanej wiadomości",
    "přeposlaná zpráva",
    "preposlaná správa",
    "továbbított üzenet",
    "továbbított levél",
    "mesaj redirecționat",
    "mesaj redirecţionat",
    "proslijeđena poruka",
    "poslana poruka",
    "iletilmiş ileti",
    "yönlendirilen ileti",
    "iletilen mesaj",
    "iletilen ileti",
    "προωθημένο μήνυμα",
    "пересылаемое сообщение",
    "пересланное сообщение",
    "перенаправленное сообщение",
    "переслане повідомлення",
    "הודעה שהועברה",
    "转发的邮件",
    "转发邮件",
    "轉寄郵件",
    "转发信息",
    "転送されたメッセージ",
    "転送メッセージ",
    "전달된 메시지",
    "전달 메시지",
    "メッセージを転送",
)
# Apple Mail's whole line above a forwarded mail.
FORWARD_LINES = (
    "begin forwarded message:",
    "forwarded message:",
    "anfang der weitergeleiteten nachricht:",
    "anfang der weitergeleiteten e-mail:",
    "début du message réexpédié :",
    "début du message transféré :",
    "inicio del mensaje reenviado:",
    "início da mensagem reencaminhada:",
    "início da mensagem encaminhada:",
    "inizio messaggio inoltrato:",
    "inizio del messaggio inoltrato:",
    "begin doorgestuurd bericht:",
    "start på videresendt besked:",
    "videresendt besked:",
    "videresendt melding:",
    "start på vidarebefordrat meddelande:",
    "vidarebefordrat mejl:",
    "vidarebefordrat brev:",
    "välitetty viesti alkaa:",
    "alkaa välitetty viesti:",
    "początek przekazywanej wiadomości:",
    "začátek přeposílané zprávy:",
    "začátek přeposlané zprávy:",
    "začiatok preposlanej správy:",
    "továbbított levél kezdete:",
    "továbbított üzenet kezdete:",
    "începutul mesajului redirecționat:",
    "początek przekazanej wiadomości:",
    "započeta proslijeđena poruka:",
    "započni proslijeđenu poruku:",
    "iletilen ileti:",
    "iletilmiş ileti başlangıcı:",
    "начало переадресованного сообщения:",
    "початок переадресованого повідомлення:",
    "以下是转发的邮件:",
    "转发的邮件开始:",
    "開始轉寄郵件:",
    "転送されたメール:",
    "전달된 메시지 시작:",
    "begynnelse på videresendt melding:",
    "bắt đầu thư được chuyển tiếp:",
)
FORWARD_PREFIXES = (
    "fwd fw wg tr rv enc i vs vb doorst vl pd továbbítás перенапр переслано 转发 轉寄 転送 전달 ilt i̇lt προωθ fd"
)
ANSWER_PREFIXES = (
    "re aw sv antw antwort odp ynt vs r rif res resp ref bls ats vá atb yan 回复 回覆 答复 返信 답장 회신 תגובה отв на"
)
