"""What mail programs write around quoted and forwarded mail, a row a language: data alone.

They help where a mail's shape leaves doubt; what can be seen without a word is
`mailgate.reading.quotes.shape`'s. Within a word `_` stands for a blank.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The words of one language."""

    wrote: str = ""  # "wrote" in the line above a quote
    on: str = ""  # how such a line begins where "wrote" stands at its end
    from_: str = ""  # labels of a copied header
    sent: str = ""
    to: str = ""
    subject: str = ""
    original: str = ""  # between rules, above the mail that is answered; several are divided by a bar
    forwarded: str = ""  # between rules, above a mail that is forwarded
    announced: str = ""  # the whole line above one, without its colon
    answer: str = ""  # prefixes of subjects
    forward: str = ""


LANGUAGES = {
    "English": Language(
        wrote="wrote writes said quoting quoted",
        on="on",
        from_="from",
        sent="sent date",
        to="to cc",
        subject="subject",
        original="original message|original mail|reply message|reply original",
        forwarded="forwarded message|forwarded by|forwarded mail|forward message",
        announced="begin forwarded message|forwarded message|this is a forwarded message",
        answer="re resp ref",
        forward="fwd fw fd",
    ),
    "German": Language(
        wrote="schrieb schreibt geschrieben",
        on="am",
        from_="von",
        sent="gesendet datum",
        to="an kopie",
        subject="betreff",
        original="original-nachricht|ursprüngliche nachricht|ursprungliche nachricht|originalnachricht|antwort",
        forwarded="weitergeleitete nachricht|weitergeleitete mail",
        announced="anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail",
        answer="aw antw antwort",
        forward="wg",
    ),
    "French": Language(
        wrote="écrit a_écrit",
        on="le",
        from_="de expediteur expéditeur mensagem_de",
        sent="envoyé envoye date",
        to="à a destinataire copie",
        subject="objet sujet",
        original="message d'origine|message d’origine|message original",
        forwarded="message transféré|message transferé|message transmis|message réexpédié",
        announced="début du message réexpédié|début du message transféré",
        answer="re réf rép",
        forward="tr",
    ),
    "Spanish": Language(
        wrote="escribió escribio escribiste escribe",
        on="el lun mar mié jue vie",
        from_="de remitente",
        sent="fecha enviado enviado_el",
        to="para a destinatario destinatari copia",
        subject="asunto",
        original="mensaje original",
        forwarded="mensaje reenviado",
        announced="inicio del mensaje reenviado",
        answer="re",
        forward="rv",
    ),
    "Portuguese": Language(
        wrote="escreveu escreveste citando",
        on="em",
        from_="de mensagem_de",
        sent="data enviado enviada_em enviado_em enviada",
        to="para cópia",
        subject="assunto",
        original="mensagem original",
        forwarded="mensagem reencaminhada|mensagem encaminhada",
        announced="início da mensagem reencaminhada|início da mensagem encaminhada",
        answer="re res",
        forward="enc",
    ),
    "Italian": Language(
        wrote="scritto scrive zitat",
        on="il lun mar mer",
        from_="da mittente",
        sent="inviato data",
        to="a destinatario ccn copia",
        subject="oggetto",
        original="messaggio originale|messaggio di risposta",
        forwarded="messaggio inoltrato|messaggio rinviato",
        announced="inizio messaggio inoltrato|inizio del messaggio inoltrato",
        answer="r rif",
        forward="i",
    ),
    "Dutch": Language(
        wrote="schreef geschreven",
        on="op ma",
        from_="van",
        sent="verzonden datum",
        to="aan",
        subject="onderwerp",
        original="oorspronkelijk bericht",
        forwarded="doorgestuurd bericht",
        announced="begin doorgestuurd bericht",
        answer="antw",
        forward="doorst",
    ),
    "Danish": Language(
        wrote="skrev",
        on="den man ons tir fre lør",
        from_="fra",
        sent="sendt sendt_den dato",
        to="til kopi",
        subject="emne",
        original="oprindelig meddelelse|original meddelelse|oprindelig besked|original besked",
        forwarded="videresendt meddelelse|videresendt besked",
        announced="start på videresendt besked|videresendt besked",
        answer="sv",
        forward="vs",
    ),
    "Norwegian": Language(
        wrote="skrev",
        on="den",
        from_="fra",
        sent="sendt dato",
        to="til kopi",
        subject="emne",
        original="opprinnelig melding",
        forwarded="videresendt melding",
        announced="videresendt melding|begynnelse på videresendt melding",
        answer="sv",
        forward="vs",
    ),
    "Swedish": Language(
        wrote="skrev skrivit",
        on="den lör",
        from_="från",
        sent="skickat datum",
        to="till kopia",
        subject="ämne",
        original="ursprungligt meddelande|originalmeddelande",
        forwarded="vidarebefordrat meddelande|vidarebefordrat mail|vidarebefordrade brevet",
        announced="start på vidarebefordrat meddelande|vidarebefordrat mejl|vidarebefordrat brev",
        answer="sv",
        forward="vb",
    ),
    "Icelandic": Language(wrote="skrifaði", forward="fs"),
    "Finnish": Language(
        wrote="kirjoitti",
        on="ti ma ke to pe su",
        from_="lähettäjä lähettäjältä",
        sent="lähetetty päivämäärä pvm",
        to="vastaanottaja kopio",
        subject="aihe",
        original="alkuperäinen viesti",
        forwarded="välitetty viesti|edelleenlähetetty viesti",
        announced="välitetty viesti alkaa|alkaa välitetty viesti",
        answer="vs",
        forward="vl",
    ),
    "Polish": Language(
        wrote="napisał napisała pisze",
        on="w dnia pon wt śr czw pt sob niedz",
        from_="od",
        sent="wysłano wyslano data",
        to="do",
        subject="temat",
        original="wiadomość oryginalna|oryginalna wiadomość|wiadomość pierwotna",
        forwarded="przekazana wiadomość|wiadomość przekazana|treść przekazanej wiadomości",
        announced="początek przekazywanej wiadomości|początek przekazanej wiadomości",
        answer="odp",
        forward="pd",
    ),
    "Czech": Language(
        wrote="napsal napsala",
        on="dne ne po út st čt pá so",
        from_="od",
        sent="odesláno datum",
        to="komu kopie",
        subject="předmět",
        original="původní zpráva",
        forwarded="přeposlaná zpráva",
        announced="začátek přeposílané zprávy|začátek přeposlané zprávy",
    ),
    "Slovak": Language(
        wrote="napísal napísala",
        on="dňa",
        from_="od",
        sent="odoslané dátum",
        to="komu",
        subject="predmet",
        original="pôvodná správa",
        forwarded="preposlaná správa",
        announced="začiatok preposlanej správy",
    ),
    "Hungarian": Language(
        wrote="írta irta írt",
        from_="feladó",
        sent="dátum elküldve",
        to="címzett másolat",
        subject="tárgy",
        original="eredeti üzenet",
        forwarded="továbbított üzenet|továbbított levél",
        announced="továbbított levél kezdete|továbbított üzenet kezdete",
        answer="vá",
        forward="továbbítás",
    ),
    "Romanian": Language(
        wrote="scris",
        on="pe în la",
        from_="de_la",
        sent="trimis trimis_la data",
        to="către",
        subject="subiect",
        original="mesajul original",
        forwarded="mesaj redirecționat|mesaj redirecţionat",
        announced="începutul mesajului redirecționat",
    ),
    "Croatian": Language(
        wrote="napisao napisala",
        on="dana u",
        from_="šalje pošiljatelj od",
        sent="poslano",
        to="prima za",
        subject="predmet",
        original="originalna poruka",
        forwarded="proslijeđena poruka|poslana poruka",
        announced="započeta proslijeđena poruka|započni proslijeđenu poruku",
    ),
    "Slovenian": Language(
        wrote="napisal napisala", on="v", from_="od", sent="poslano", to="za", subject="zadeva", answer="odg"
    ),
    "Estonian": Language(wrote="kirjutas", forward="edasi"),
    "Latvian": Language(wrote="rakstīja", forward="pārs"),
    "Lithuanian": Language(wrote="rašė", from_="od_koho", answer="ats"),
    "Turkish": Language(
        wrote="yazdı yazmış tarihinde şunu_yazdı",
        from_="kimden gönderen",
        sent="tarih gönderildi gönderilme_tarihi",
        to="kime alıcı bilgi",
        subject="konu",
        original="özgün ileti|orijinal mesaj",
        forwarded="iletilmiş ileti|yönlendirilen ileti|iletilen mesaj|iletilen ileti",
        announced="iletilen ileti|iletilmiş ileti başlangıcı",
        answer="ynt yan",
        forward="ilt i̇lt",
    ),
    "Greek": Language(
        wrote="έγραψε şunları",
        on="στις",
        from_="αποστολέας από",
        sent="ημερομηνία",
        to="προς",
        subject="θέμα",
        forwarded="προωθημένο μήνυμα",
        forward="προωθ πρθ",
    ),
    "Russian": Language(
        wrote="пишет писал писала написал написала",
        on="в",
        from_="от",
        sent="отправлено дата",
        to="кому копия",
        subject="тема",
        original="исходное сообщение|оригинальное сообщение|пересылаемое сообщение ответ",
        forwarded="пересылаемое сообщение|пересланное сообщение|перенаправленное сообщение",
        announced="начало переадресованного сообщения",
        answer="отв",
        forward="перенапр",
    ),
    "Ukrainian": Language(
        wrote="написав пише",
        on="у",
        from_="від",
        sent="надіслано дата",
        to="кому",
        subject="тема",
        forwarded="переслане повідомлення",
        announced="початок переадресованого повідомлення",
        forward="переслано",
    ),
    "Bulgarian": Language(wrote="написа", on="на", from_="от", to="до", answer="на"),
    "Hebrew": Language(
        wrote="כתב כתבה",
        on="ב-",
        from_="מאת",
        sent="תאריך נשלח",
        to="אל",
        subject="נושא",
        forwarded="הודעה שהועברה",
        answer="תגובה",
        forward="הועבר",
    ),
    "Arabic": Language(
        wrote="كتب كتبت كتابة", on="في", from_="من", sent="تم_الإرسال التاريخ", to="إلى", subject="الموضوع", answer="رد"
    ),
    "Japanese": Language(
        wrote="書きました のメール",
        from_="差出人 送信者 送信元",
        sent="送信日時 日時",
        to="宛先",
        subject="件名",
        original="元のメッセージ",
        forwarded="転送されたメッセージ|転送メッセージ|メッセージを転送",
        announced="転送されたメール",
        answer="返信",
        forward="転送",
    ),
    "Chinese": Language(
        wrote="写道 寫道 写入",
        on="在",
        from_="发件人 寄件者 寄件人",
        sent="发送时间 日期",
        to="收件人 抄送",
        subject="主题 主題 主旨",
        original="原始邮件|原始郵件|回复的原邮件",
        forwarded="转发的邮件|转发邮件|轉寄郵件|转发信息",
        announced="以下是转发的邮件|转发的邮件开始|開始轉寄郵件",
        answer="回复 回覆 答复",
        forward="转发 轉寄",
    ),
    "Korean": Language(
        wrote="작성 님이",
        from_="보낸사람 보낸_사람 보낸",
        sent="보낸날짜 날짜",
        to="받는사람 받는",
        subject="제목",
        original="원본 메시지|원본 메일",
        forwarded="전달된 메시지|전달 메시지",
        announced="전달된 메시지 시작",
        answer="답장 회신",
        forward="전달",
    ),
    "Vietnamese": Language(
        wrote="viết đã", on="vào", sent="thời_gian", subject="chủ_đề", announced="bắt đầu thư được chuyển tiếp"
    ),
    "Thai": Language(
        wrote="เขียนว่า",
        on="เมื่อ",
        from_="จาก",
        sent="ส่ง วันที่",
        to="ถึง สำเนา",
        subject="เรื่อง",
        answer="ตอบ ตอบกลับ",
        forward="ส่งต่อ",
    ),
    "Indonesian": Language(wrote="menulis", forward="trs"),
    "Welsh": Language(forward="yml"),
}
# Languages of which only a few words are known, in whatever field they were seen.
OTHERS = Language(on="om dom ond a", to="paraan tilføj", answer="bls vá atb")


def words(name: str) -> frozenset[str]:
    """Every word of one kind, in all languages."""
    rows = (getattr(row, name) for row in (*LANGUAGES.values(), OTHERS))
    return frozenset(word.replace("_", " ") for row in rows for word in row.split())


def words_of(name: str, prefixes: Container[str]) -> frozenset[str]:
    """The labels and the words for "wrote" of the languages that use one of `prefixes` for the field `name`."""
    rows = [row for row in LANGUAGES.values() if any(word in prefixes for word in getattr(row, name).split())]
    said = (text for row in rows for text in (row.wrote, row.from_, row.sent, row.to, row.subject))
    return frozenset(word.replace("_", " ") for text in said for word in text.split())


def lines(name: str) -> tuple[str, ...]:
    """Every line of one kind, in all languages."""
    return tuple(_lines(name))


def _lines(name: str) -> Iterator[str]:
    for row in LANGUAGES.values():
        yield from filter(None, getattr(row, name).split("|"))
