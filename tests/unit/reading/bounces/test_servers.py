"""Reports as many kinds of mail server write them: who failed, and nobody else."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mailgate.mail import Envelope
from mailgate.reading.parse import parse
from mailgate.reasons import Screen
from mailgate.rules.screening.classify import classify

KAREN = "karen@client.example"


@dataclass(frozen=True)
class Report:
    """A report in free text, and whom it is about."""

    sender: str
    subject: str
    text: str
    failed: tuple[str, ...] = (KAREN,)
    kind: str = "failed"
    null: bool = True  # whether the envelope has the null sender
    type: str = "text/plain; charset=utf-8"

    def raw(self) -> bytes:
        head = f"From: {self.sender}\nTo: support@bank.example\nSubject: {self.subject}\nContent-Type: {self.type}\n"
        return f"{head}\n{self.text}".encode()


COPY = """\
Received: from desk.bank.example by mx.client.example; Mon, 2 Nov 2026 10:00:00 +0000
From: First Bank Support <support@bank.example>
To: Karen Client <karen@client.example>
Cc: dan@other.example
Subject: [#1001] Your request
Message-ID: <n.1.x@bank.example>

Hello Karen, write to help@bank.example if it stays.
"""

REPORTS = {
    "Exim, through an alias": Report(
        "Mail Delivery System <Mailer-Daemon@mx.client.example>",
        "Mail delivery failed: returning message to sender",
        """\
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  karen@client.example
    (generated from info@client.example)
    mailbox is full: retry timeout exceeded

------ This is a copy of the message, including all the headers. ------

"""
        + COPY.replace(KAREN, "info@client.example"),
        ("info@client.example",),
    ),
    "Exim, an unrouteable one of two": Report(
        "Mail Delivery System <Mailer-Daemon@mx.client.example>",
        "Mail delivery failed: returning message to sender",
        """\
This message was created automatically by mail delivery software.

A message sent by

  support@bank.example

could not be delivered to one or more of its recipients. The following
address(es) failed:

  karen@client.example
    Unrouteable address
  dan@other.example
    SMTP error from remote mail server after RCPT TO:<dan@other.example>:
    host mx.other.example [192.0.2.9]: 550 No such user here

The message's headers follow.
------ """
        + COPY,
        (KAREN, "dan@other.example"),
    ),
    "qmail, without a code": Report(
        "MAILER-DAEMON@mx.client.example",
        "failure notice",
        """\
Hi. This is the qmail-send program at mx.client.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<karen@client.example>:
This address no longer accepts mail.

--- Below this line is a copy of the message.

Return-Path: <support@bank.example>
"""
        + COPY,
    ),
    "qmail in French": Report(
        "MAILER-DAEMON@mx.client.example",
        "Notification d'erreur",
        """\
Bonjour. Ceci est le programme qmail-send de mx.client.example.
Votre message n'a pas pu être remis aux adresses suivantes.
Ceci est une erreur définitive.

<karen@client.example>:
Désolé, aucune boîte à ce nom ici. (#5.1.1)

--- Copie du message ci-dessous.

Return-Path: <support@bank.example>
"""
        + COPY,
    ),
    "Exchange 5.5": Report(
        "System Administrator <postmaster@client.example>",
        "Undeliverable: [#1001] Your request",
        """\
Your message

  To:      Karen Client
  Cc:      Dan Other
  Subject: [#1001] Your request
  Sent:    Mon, 2 Nov 2026 10:00:00 -0000

did not reach the following recipient(s):

karen@client.example on Mon, 2 Nov 2026 10:00:05 -0000
    The recipient name is not recognized
\tThe MTS-ID of the original message is: c=us;a= ;p=client;l=EX1-261102T10-1
    MSEXCH:IMS:CLIENT:SITE:EX1 0 (000C05A6) Unknown Recipient
""",
    ),
    "Exchange in Polish, a page": Report(
        "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@client.example>",
        "Niedostarczalne: [#1001] Your request",
        """\
<html><body><p><b>Nie można dostarczyć wiadomości do następujących adresatów lub grup:</b></p>
<p><a href="mailto:karen@client.example">karen@client.example</a><br>
Wprowadzony adres e-mail nie został odnaleziony. Jeśli problem nadal występuje, skontaktuj się z
<a href="mailto:pomoc@client.example">działem pomocy</a>.</p>
<p>Informacje diagnostyczne dla administratorów:</p>
<p>Serwer generujący: EX1.client.example</p>
<p>karen@client.example<br>Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found'</p>
<p>Oryginalne nagłówki wiadomości:</p>
<pre>Received: from desk.bank.example by EX1; Mon, 2 Nov 2026 10:00:00 +0000
From: First Bank Support &lt;support@bank.example&gt;
To: Karen Client &lt;karen@client.example&gt;
Subject: [#1001] Your request
Message-ID: &lt;n.1.x@bank.example&gt;
</pre></body></html>
""",
        type="text/html; charset=utf-8",
    ),
    "Exchange Online, a page without a report's part": Report(
        "postmaster@client.example",
        "Undeliverable: [#1001] Your request",
        """\
<html><body><table><tr><td><img alt="Office 365"></td></tr></table>
<p>Your message to karen@client.example couldn't be delivered.</p>
<table><tr><td>karen wasn't found at client.example.</td></tr>
<tr><td>support</td><td>Office 365</td><td>karen</td></tr>
<tr><td>Action Required</td><td></td><td>Recipient</td></tr></table>
<p>How to Fix It</p><p>The address may be misspelled or may not exist. Ask admin@client.example for help.</p>
<p>Status code: 550 5.1.10</p></body></html>
""",
        type="text/html; charset=utf-8",
    ),
    "Domino": Report(
        "Postmaster@client.example",
        "DELIVERY FAILURE: User kclient (kclient@client.example) not listed in Domino Directory",
        """\
Your message

  Subject: [#1001] Your request

was not delivered to:

  karen@client.example

because:

  User kclient (kclient@client.example) not listed in Domino Directory

""",
    ),
    "GroupWise": Report(
        "Mail Delivery Subsystem <Mailer-Daemon@gw.client.example>",
        "Message status - undeliverable",
        """\
The message that you sent was undeliverable to the following:
\tkaren@client.example (user not found)

Possibly truncated original message follows:

"""
        + COPY,
    ),
    "mail.ru": Report(
        "mailer-daemon@corp.mail.example",
        "Mail failure.",
        """\
**********************

Это письмо создано автоматически сервером Mail.Ru, отвечать на него не
нужно.

К сожалению, Ваше письмо не может быть доставлено одному или нескольким
получателям:

karen@client.example
  SMTP error from remote mail server after RCPT TO:<karen@client.example>:
  host mx.client.example [192.0.2.1]: 550 Message was not accepted -- invalid mailbox.  Local mailbox
  karen@client.example is unavailable: user not found

**********************

"""
        + COPY,
    ),
    "Yandex in Russian": Report(
        "mailer-daemon@yandex.example",
        "Недоставленное сообщение",
        """\
Это письмо отправлено почтовым сервером yandex.example.

К сожалению, мы вынуждены сообщить Вам о том, что Ваше письмо не может
быть отправлено одному или нескольким адресатам. Технические подробности можно найти ниже.

Возможные причины недоставки указаны по адресу:
https://yandex.example/support/mail/errors.html

<karen@client.example>: host mx.client.example[192.0.2.1] said: 550 5.7.1 No such
    user! (in reply to RCPT TO command)
""",
    ),
    "QQ": Report(
        "PostMaster@qq.example",
        "系统退信",
        """\
<html><body><div>抱歉，您的邮件被退回来了……</div>
<table><tr><td>原邮件信息：</td></tr>
<tr><td>时间：</td><td>2026年11月2日(星期一) 18:00</td></tr>
<tr><td>主题：</td><td>[#1001] Your request</td></tr>
<tr><td>收件人：</td><td>karen@client.example</td></tr></table>
<div>退信原因：收件人邮件地址（karen@client.example）不存在，邮件无法送达。</div>
<div>host mx.client.example said: 550 Mailbox not found</div>
<div>此外，您还可以 <a href="mailto:kf@qq.example">联系客服 kf@qq.example</a></div></body></html>
""",
        type="text/html; charset=utf-8",
    ),
    "Naver": Report(
        "<mail-noreply@naver.example>",
        "[발송실패 안내] karen@client.example 으로 메일이 전송되지 못했습니다.",
        """\
메일이 정상적으로 전달되지 못했습니다.

받는 사람: karen@client.example
발송 시간: 2026-11-02 19:00:00
제목: [#1001] Your request
실패 사유: 받는 사람의 메일 주소가 존재하지 않습니다. (550 5.1.1 user unknown)
""",
    ),
    "Orange": Report(
        "Mail Delivery System <postmaster@orange.example>",
        "Echec de remise de votre message",
        """\
Ce message vous informe que votre mail n'a pas pu être délivré aux destinataires suivants.

karen@client.example
   Raison : adresse d'au moins un destinataire invalide. (OFR_416)

Cordialement, le service messagerie
""",
    ),
    "T-Online": Report(
        "<MAILER-DAEMON@fwd01.t-online.example>",
        "mail failed, returning to sender",
        """\
|------------------------- Message log follows: -------------------------|
 no valid recipients were found for this message
|------------------------- Failed addresses follow: ---------------------|
 <karen@client.example> ... unknown user
|------------------------- Message text follows: ------------------------|
"""
        + COPY,
    ),
    "GMX": Report(
        '"GMX Mailer Daemon" <mailer-daemon@gmx.example>',
        "Mail delivery failed: returning message to sender",
        """\
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of
its recipients. This is a permanent error. The following address
failed:

karen@client.example:
SMTP error from remote server for RCPT TO command, host: mx.client.example (192.0.2.1) reason: 550 Requested
action not taken: mailbox unavailable
For explanation visit https://postmaster.gmx.example/en/error-messages?ip=192.0.2.1

--- The header of the original message is following. ---

"""
        + COPY,
    ),
    "Barracuda": Report(
        "postmaster@client.example",
        "**Message you sent blocked by our bulk email filter**",
        """\
Your message to: karen@client.example
was blocked by our Spam Firewall. The email you sent with the following subject has NOT BEEN DELIVERED:

Subject: [#1001] Your request

An administrator (admin@client.example) can release it.
""",
    ),
    "Mimecast": Report(
        "Mimecast <postmaster@mimecast.example>",
        "[Postmaster] Email Delivery Failure",
        """\
This is a delivery failure notification message indicating that
an email you addressed to email address :
-- karen@client.example

could not be delivered. The problem appears to be :
-- Recipient email address is possibly incorrect

Additional information follows :
-- 5.4.1 [support@bank.example]: Recipient address rejected: Access denied

This condition occurred after 1 attempt(s) to deliver over
a period of 0 hour(s).

If you sent the email to multiple recipients, you will receive one
of these messages for each one which failed delivery, otherwise
they have been sent.
""",
    ),
    "SES": Report(
        "MAILER-DAEMON@eu-west-1.amazonses.example",
        "Delivery Status Notification (Failure)",
        """\
An error occurred while trying to deliver the mail to the following recipients:
karen@client.example
""",
    ),
    "MDaemon": Report(
        "MDaemon at client.example <MDaemon@client.example>",
        "Permanent Delivery Failure",
        """\
The attached message had PERMANENT fatal delivery errors!

After one or more unsuccessful delivery attempts the attached message has
been removed from the mail queue on this server.  The number and frequency
of delivery attempts are determined by local configuration parameters.

YOUR MESSAGE WAS NOT DELIVERED TO ONE OR MORE RECIPIENTS!

Failed address: karen@client.example

--- Session Transcript ---
 Mon 2026-11-02 10:00:00: Parsing message <xxxxxxxxxx\\pd5000.msg>
 Mon 2026-11-02 10:00:00: *  From: support@bank.example
 Mon 2026-11-02 10:00:00: *  To: karen@client.example
 Mon 2026-11-02 10:00:01: <-- 550 No such user (karen@client.example)
--- End Transcript ---
""",
    ),
    "IMail": Report(
        "Mail Administrator <Postmaster@client.example>",
        "Undeliverable Mail",
        "User mailbox exceeds allowed size: karen@client.example\n\n\nOriginal message follows.\n\n" + COPY,
    ),
    "MailEnable": Report(
        "<postmaster@client.example>",
        "Message Delivery Failure",
        """\
MailEnable: Message Delivery Failure.

The following recipient(s) could not be reached:

\tRecipient: [SMTP:karen@client.example]
\tReason: Remote SMTP Server Returned: 550 sorry, no mailbox here by that name

MailEnable Postmaster: postmaster@client.example

Message headers follow:

"""
        + COPY,
    ),
    "hMailServer": Report(
        "mailer-daemon@mx.client.example",
        "Message undeliverable: [#1001] Your request",
        """\
Your message did not reach some or all of the intended recipients.

   Sent: Mon, 2 Nov 2026 10:00:00 +0000
   Subject: [#1001] Your request

The following recipient(s) could not be reached:

karen@client.example
   Error Type: SMTP
   Error Description: No mail servers appear to exists for the recipient's address.
   Additional information: Please check that you have not misspelled the recipient's email address.

hMailServer
""",
    ),
    "SmarterMail": Report(
        "System Administrator <postmaster@client.example>",
        "Delivery Failure",
        """\
Could not deliver message to the following recipient(s):

Failed Recipient: karen@client.example
Reason: Remote host said: 550 5.1.1 User unknown

   -- The header and top 20 lines of the message follows --

"""
        + COPY,
    ),
    "CommuniGate Pro": Report(
        "<MAILER-DAEMON@mx.client.example>",
        "Undeliverable mail: [#1001] Your request",
        """\
Failed to deliver to 'karen@client.example'
SMTP module(domain mail.client.example) reports:
 mail.client.example: no response

""",
    ),
    "Kerio": Report(
        "Mail Delivery Subsystem <postmaster@client.example>",
        "Returned mail: see transcript for details",
        """\
Message delivery to the recipients listed below failed.

 - karen@client.example
   No such user here.  Remote server replied "554 refused".

""",
    ),
    "Mercury": Report(
        "Electronic Postmaster <postmaster@client.example>",
        "Postmaster Notify: Delivery Failure.",
        """\
With respect to your message on subject "[#1001] Your request":

The local mail transport system has reported the following problems
it encountered while trying to deliver your message:

-------------------------------------------------------------------
*** karen@client.example
User not known at this site.
-------------------------------------------------------------------

Your message is returned below in its entirety for your reference.
If you have a query about this failure, please contact your
postmaster.

--------------------- Returned message follows ---------------------
"""
        + COPY,
    ),
    "XMail": Report(
        '"client.example PostMaster" <postmaster@client.example>',
        "Error sending message [1141600000.1234.mx] from [client.example]",
        """\
[00] XMail bounce: Rcpt=[karen@client.example];Error=[550 Unknown user]


[01] Error sending message [1141600000.1234.mx] from [client.example].

ID:        <S1001>
Mail From: <support@bank.example>
Rcpt To:   <karen@client.example>
Server:    <mx.client.example> [192.0.2.1]


[02] The reason of the delivery failure was:

550 Unknown user


[05] Here is listed the initial part of the message:

"""
        + COPY,
    ),
    "Courier": Report(
        '"Courier mail server at mx.client.example" <@mx.client.example>',
        "NOTICE: mail delivery status.",
        """\
This is a delivery status notification from mx.client.example,
running the Courier mail server, version 0.75.

The original message was received on Mon, 2 Nov 2026 10:00:00 +0000
from desk.bank.example (desk.bank.example [192.0.2.7])

---------------------------------------------------------------------------

                           UNDELIVERABLE MAIL

Your message to the following recipients cannot be delivered:

<karen@client.example>:
    mail.client.example [192.0.2.1]:
>>> RCPT TO:<karen@client.example>
<<< 550 User unknown.

---------------------------------------------------------------------------

If your message was also sent to additional recipients, their delivery
status is not included in this report.
""",
    ),
    "OpenSMTPD": Report(
        "Mailer Daemon <MAILER-DAEMON@mx.client.example>",
        "Delivery status notification: error",
        """\
    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this email.

    An error has occurred while attempting to deliver a message for
    the following list of recipients:

karen@client.example: Invalid recipient

    Below is a copy of the original message:

"""
        + COPY,
    ),
    "chasquid": Report(
        "Mail Delivery System <postmaster-dsn@mx.client.example>",
        "Mail delivery failed: returning message to sender",
        """\
Delivery to the following recipient(s) failed permanently:

  - karen@client.example


Technical details:
- "karen@client.example" (pipe) failed permanently with error:
  not allowed


Original message:

"""
        + COPY,
    ),
    "dma": Report(
        "MAILER-DAEMON <>",
        "Mail delivery failed",
        """\
This is the DragonFly Mail Agent v0.13 at mx.client.example.

There was an error delivering your mail to <karen@client.example>.

mx.client.example [192.0.2.1] did not like our RCPT TO:
550 5.1.1 <karen@client.example>: Recipient address rejected

Message headers follow.

"""
        + COPY,
    ),
    "nullmailer": Report(
        "Message Delivery Subsystem <MAILER-DAEMON@mx.client.example>",
        "Returned mail: Could not send message",
        """\
The attached message could not be delivered to one or more recipients:

<karen@client.example>: Failed
        Permanent error in sending the message

--- Original message follows.

"""
        + COPY,
    ),
    "Netscape and InterMail": Report(
        "Mail Administrator <Postmaster@client.example>",
        "Mail System Error - Returned Mail",
        """\
This Message was undeliverable due to the following reason:

Each of the following recipients was rejected by a remote mail server.
The reasons given by the server are included to help you determine why
each recipient was rejected.

    Recipient: <karen@client.example>
    Reason:    Account disabled


Please reply to <Postmaster@client.example>
if you feel this message to be in error.
""",
    ),
    "NetMail": Report(
        "Postmaster <postmaster@client.example>",
        "Returned mail - Delivery Failure",
        """\
The following recipients did not receive your message:

     <karen@client.example>; Unknown recipient; Mailbox not found

Your message was returned to you by the NetMail agent.
""",
    ),
    "ZMailer": Report(
        "The Post Office <postmaster@mx.client.example>",
        "Delivery reports about your email [FAILED(1)]",
        """\
This is a collection of reports about email delivery
process concerning a message you originated.

Some explanations/translations for these reports
can be found at:
      http://mx.client.example/ZmailerReports.html

FAILED:
  Original Recipient:
    rfc822;karen@client.example
  Control data:
    smtp mx.client.example karen@client.example 99
  Diagnostic texts:
   <<- RCPT To:<karen@client.example>
   ->> 550 5.1.1 unknown or illegal alias: karen@client.example

Following is a copy of MESSAGE/DELIVERY-STATUS format section below.
""",
    ),
    "MailMarshal": Report(
        "MailMarshal <postmaster@client.example>",
        "MailMarshal has stopped a message: undeliverable",
        """\
MailMarshal (an automated content monitoring gateway) has stopped the following message:

  Message: B00001.000000001.mml
  From:    support@bank.example
  To:      karen@client.example
  Subject: [#1001] Your request

Because it could not be delivered: 550 mailbox unavailable

Please contact it@client.example.
""",
    ),
    "SurfControl": Report(
        "E-mail Filter <postmaster@client.example>",
        "Message not sent",
        """\
Your message could not be sent.
The transcript of the attempts to send the message follows.
The number of attempts made: 1
Addressed To: karen@client.example

Mon 2 Nov 2026 10:00:00 +0000
Failed to send to identified host,
karen@client.example: [192.0.2.1], 550 karen@client.example unknown

--- Message non-deliverable.
""",
    ),
    "InterScan": Report(
        "Mail Delivery System <MAILER-DAEMON@mx.client.example>",
        "Mail could not be delivered",
        """\
****** Message from InterScan Messaging Security Suite ******

Sent <<< RCPT TO:<karen@client.example>
Received >>> 550 5.1.1 <karen@client.example>... user unknown

Unable to deliver message to <karen@client.example>.

************************     End of message     **********************
""",
    ),
    "Docomo": Report(
        "mailer-daemon@docomo.example",
        "Mail System Error - Returned Mail",
        """\
次のあて先へのメッセージはエラーのため送信できませんでした。

    <karen@client.example>

送信先メールアドレスが見つかりません。
""",
    ),
    "Seznam": Report(
        "Mailer-Daemon@seznam.example",
        "Zprávu se nepodařilo doručit",
        """\
Vážený uživateli,

Vaši zprávu se nepodařilo doručit následujícím příjemcům:

<karen@client.example>
   Schránka neexistuje. [550 5.1.1]

Odesílatel: support@bank.example
Předmět: [#1001] Your request
""",
    ),
    "Libero": Report(
        "Mail Delivery Service <postmaster@libero.example>",
        "Errore nella consegna del messaggio",
        """\
Non è stato possibile consegnare il messaggio al seguente destinatario:

   karen@client.example
   La casella del destinatario è piena (552 5.2.2)

Per assistenza: assistenza@libero.example
""",
    ),
    "Turkish": Report(
        "Posta Sistemi <postmaster@client.example>",
        "İleti gönderilemedi",
        """\
Aşağıdaki alıcıya iletiniz ulaştırılamadı:

karen@client.example
    550 5.1.1 Kullanıcı bulunamadı

Yardım: destek@client.example
""",
    ),
    "Arabic": Report(
        "MAILER-DAEMON@client.example",
        "تعذر تسليم الرسالة",
        "لم يتم تسليم رسالتك إلى:\n\n<karen@client.example>\n550 5.1.1 المستخدم غير معروف\n",
    ),
    "sendmail, still trying": Report(
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.client.example>",
        "Warning: could not send message for past 4 hours",
        """\
    **********************************************
    **      THIS IS A WARNING MESSAGE ONLY      **
    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **
    **********************************************

The original message was received at Mon, 2 Nov 2026 10:00:00 +0000
from desk.bank.example [192.0.2.7]

   ----- Transcript of session follows -----
<karen@client.example>... Deferred: Connection timed out with mx.client.example.
Warning: message still undelivered after 4 hours
Will keep trying until message is 5 days old
""",
        kind="delayed",
    ),
    "Exim, still trying": Report(
        "Mail Delivery System <Mailer-Daemon@mx.client.example>",
        "Warning: message 1k4xYz-0001Ab-CD delayed 24 hours",
        """\
This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on mx.client.example.

The message identifier is:     1k4xYz-0001Ab-CD
The subject of the message is: [#1001] Your request
The date of the message is:    Mon, 2 Nov 2026 10:00:00 +0000

The address to which the message has not yet been delivered is:

  karen@client.example
    host mx.client.example [192.0.2.1]
    Delay reason: SMTP error from remote mail server after RCPT TO:<karen@client.example>:
    451 4.7.1 Greylisted, try again

No action is required on your part. Delivery attempts will continue for
some time, and this warning may be repeated at intervals if the message
remains undelivered.
""",
        kind="delayed",
    ),
    "Kolab in German, still trying": Report(
        "Mail-Zustellsystem <mailer-daemon@mx.client.example>",
        "Verzögerte Zustellung",
        """\
Ihre Nachricht konnte seit 4 Stunden nicht zugestellt werden. Die Zustellung wird weiter versucht.

<karen@client.example>: connect to mx.client.example[192.0.2.1]:25: 451 4.4.1 Connection timed out
""",
        kind="delayed",
    ),
    "Postfix in German, its report's parts taken away": Report(
        "Mail Delivery System <MAILER-DAEMON@mx.client.example>",
        "Nicht zustellbare E-Mail an den Absender zurück",
        """\
Dies ist das Mailsystem auf dem Rechner mx.client.example.

Leider konnte Ihre Nachricht an einen oder mehrere Empfänger nicht
zugestellt werden. Für weitere Hilfe wenden Sie sich an postmaster.

                   Das Mailsystem

<karen@client.example> (expanded from <info@client.example>): host
    mx2.client.example[192.0.2.2] said: 550 5.1.1 <karen@client.example>:
    Recipient address rejected: User unknown in virtual mailbox table (in reply
    to RCPT TO command)
""",
        (KAREN, "info@client.example"),
    ),
    "Google Groups names nobody": Report(
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        "Delivery Status Notification (Failure)",
        """\
Hello support@bank.example,

We're writing to let you know that the group you tried to contact (clients) may not exist, or you may not
have permission to post messages to the group. A few more details on why you weren't able to post:

 * You might have spelled or formatted the group name incorrectly.

If you have questions related to this or any other Google Group, visit the Help Center at
https://support.google.example/groups/.
""",
        (),
    ),
    "a filter that returns the header, in no known language": Report(
        "Filtri i postës <filter@client.example>",
        "Mesazhi juaj u kthye",
        """\
Mesazhi nuk u dorëzua te karen@client.example sepse llogaria nuk ekziston: 550 5.1.1.
Pyetje: ndihme@client.example

Return-Path: <support@bank.example>
"""
        + COPY,
    ),
    "an administrator's program from an odd address": Report(
        "Mail Gateway <gateway@client.example>",
        "Problem with your mail",
        """\
The mail gateway of Client Ltd. has returned your mail.

Recipient : karen@client.example
Reason    : 552 5.2.2 Over quota

For help call +1 555 0100 or write to it@client.example.
""",
    ),
    "a large mail that is too large": Report(
        "postmaster@client.example",
        "Delivery failure (karen@client.example)",
        "Your message has encountered delivery problems to the following recipient(s):\n\n"
        "karen@client.example\nDelivery failed\n552 Message size exceeds fixed maximum message size\n\n"
        "No recipients were successfully delivered to.\n",
    ),
    "two of three": Report(
        "MAILER-DAEMON@mx.client.example",
        "Returned mail: Host unknown",
        """\
   ----- The following addresses had permanent fatal errors -----
<karen@client.example>
<dan@other.example>

   ----- The following addresses had successful delivery notifications -----
<eve@third.example>  (successfully delivered to mailbox)

   ----- Transcript of session follows -----
550 <karen@client.example>... Host unknown (Name server: client.example: host not found)
550 <dan@other.example>... Host unknown (Name server: other.example: host not found)
""",
        (KAREN, "dan@other.example"),
    ),
}

# What a report says besides: addresses that failed nothing.
REPORTS |= {
    "whom to ask stands below": Report(
        "Mail Delivery System <MAILER-DAEMON@mx.client.example>",
        "Undelivered mail returned to sender",
        """\
Delivery to the following recipient has failed:

    karen@client.example

Reason: account closed (host mx.client.example[10.2.1.5] said so)

Please forward this report to helpdesk@client.example for assistance, or to
postmaster@mx.client.example.
""",
    ),
    "whom to ask begins a line": Report(
        "MAILER-DAEMON@mx.client.example",
        "Delivery failed",
        """\
Delivery to karen@client.example failed permanently. If you think that this is wrong, contact
help@client.example and send them this report.
""",
    ),
    "one recipient was accepted": Report(
        "MAILER-DAEMON@mx.client.example",
        "Undeliverable mail",
        """\
The message was not delivered to some recipients. Transcript:

>>> MAIL FROM:<support@bank.example>
<<< 250 2.1.0 ok
>>> RCPT TO:<dan@other.example>
<<< 250 2.1.5 ok
>>> RCPT TO:<karen@client.example>
<<< 550 5.1.1 unknown
""",
    ),
    "who got it stands in a list of its own": Report(
        "MAILER-DAEMON@mx.client.example",
        "Undeliverable mail",
        """\
The message was successfully delivered to:

dan@other.example

It was not successfully delivered to:

karen@client.example
""",
    ),
    "a summary with everybody": Report(
        "postmaster@client.example",
        "Undeliverable: Your request",
        """\
Delivery has failed.

From: First Bank <support@bank.example>
To: Karen Client <karen@client.example>; Dan <dan@other.example>
Cc: eve@third.example
Subject: Your request

karen@client.example: mailbox full
""",
    ),
    "the id of the mail that is returned": Report(
        "MAILER-DAEMON@mx.client.example",
        "Delivery Failure",
        """\
Message <n.1.x@bank.example> from <support@bank.example> could not be delivered.

Message-ID: <n.1.x@bank.example>
Recipient: karen@client.example
""",
    ),
    "what the header says of the mail": Report(
        "MAILER-DAEMON@mx.client.example",
        "Returned mail",
        """\
Your mail could not be delivered.

--- The message header follows ---

"""
        + COPY.replace("Cc: dan@other.example\n", ""),
    ),
    "two recipients in the header, and no word on which": Report(
        "MAILER-DAEMON@mx.client.example",
        "Returned mail",
        "Your mail could not be delivered.\n\n--- The message header follows ---\n\n" + COPY,
        (),
    ),
    "an apostrophe in the address": Report(
        "MAILER-DAEMON@mx.client.example",
        "Returned mail",
        "Delivery failed for `o'neil@client.example' (550 5.1.1)\n",
        ("o'neil@client.example",),
    ),
}


@pytest.mark.parametrize("name", REPORTS)
def test_who_failed(name: str) -> None:
    report = REPORTS[name]
    envelope = Envelope("" if report.null else None, ("support@bank.example",))
    mail = parse(report.raw(), envelope)
    assert mail.bounce is not None
    assert sorted(each.email for each in mail.bounce.recipients) == sorted(report.failed)
    assert mail.bounce.kind == report.kind
    assert classify(mail, envelope, lambda _: False, frozenset()).kind is Screen.BOUNCE


@pytest.mark.parametrize("name", REPORTS)
def test_the_same_fetched_without_its_envelope(name: str) -> None:
    """Over IMAP from a server that keeps no Return-Path: where it is a report still, it is about the same."""
    report = REPORTS[name]
    found = parse(report.raw()).bounce
    assert found is None or sorted(each.email for each in found.recipients) == sorted(report.failed)


# Machines and postmasters write much that is no report of a failure.
ORDINARY = {
    "quarantine digest": (
        "Quarantine <postmaster@client.example>",
        "Quarantine summary for support@bank.example",
        "The following messages are held for you:\n\nsales@shop.example  Cheap watches\nwin@lotto.example  You won\n",
    ),
    "a postmaster asks": (
        "Postmaster <postmaster@client.example>",
        "Our new mail server",
        "Hello,\n\nfrom Monday on mail to karen@client.example comes through mx2.client.example.\nKind regards",
    ),
    "a postmaster asks about a failure": (
        "Postmaster <postmaster@client.example>",
        "Your mail server",
        "Hello,\n\nyour server answers our mail to support@bank.example with a delay. Can you look?\n",
    ),
    "DMARC report": (
        "noreply-dmarc@client.example",
        "Report domain: bank.example Submitter: client.example Report-ID: 123",
        "This is an aggregate report of client.example.\n",
    ),
    "a parcel": (
        "Parcel Service <service@parcel.example>",
        "Delivery failed: parcel 4711",
        "We could not deliver your parcel to karen@client.example, 550 Main Street. Choose another day.\n",
    ),
    "a newsletter": (
        "News <news@shop.example>",
        "What we deliver",
        "Over 550 products. Undelivered parcels are returned to the sender.\nUnsubscribe: out@shop.example\n",
    ),
    "a customer quotes a report": (
        "Karen Client <karen@client.example>",
        "Undelivered mail",
        "Hello, I got this from you:\n\n<ann@bank.example>: host mx.bank.example said: 550 5.1.1 User unknown\n",
    ),
    "an administrator without words of a failure": (
        "System Administrator <sysadmin@client.example>",
        "Password of karen@client.example expires",
        "Dear user,\n\nkaren@client.example expires in 3 days.\n",
    ),
    "cron of a mail server": (
        "root <root@mx.client.example>",
        "Cron <root@mx> /usr/sbin/check",
        "queue: 550 mails to karen@client.example\n",
    ),
    "moderation of a list": (
        "clients-owner@lists.client.example",
        "Your message to Clients awaits moderator approval",
        "Your mail to 'Clients' is being held until the list moderator can review it for approval.\n",
    ),
    "a receipt for a mail": (
        "Karen Client <karen@client.example>",
        "Read: Your request",
        "Your message was read on Monday, 2 November 2026 10:00.\n",
    ),
    "a bank's letter": (
        "Accounts <accounts@client.example>",
        "Returned payment",
        "The payment of 450 EUR to dan@other.example was rejected: account unknown.\n",
    ),
}


SENT = {"a customer quotes a report", "cron of a mail server", "a parcel"}  # their programs have a sender


@pytest.mark.parametrize("name", ORDINARY)
def test_no_report(name: str) -> None:
    sender, subject, text = ORDINARY[name]
    for envelope in (sender, "") if name not in SENT else (sender,):
        mail = parse(Report(sender, subject, text).raw(), Envelope(envelope, ("support@bank.example",)))
        assert mail.bounce is None
