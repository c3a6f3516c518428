"""How mail servers say that a mail was not delivered: data alone.

English first, because most servers write it, then the languages in which some do. They help where
the make of a report leaves doubt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# How the local parts begin under which mail servers write.
MAILERS = (
    "mailer-daemon",
    "mailerdaemon",
    "mdaemon",
    "postmaster",
    "post_master",
    "mail-daemon",
    "mailsystem",
    "mmdf",
    "microsoftexchange",
)
# Names that people write under too: they count only with a subject that a server writes.
ADMINISTRATORS = frozenset({"sysadmin", "administrator", "admin", "system administrator", "mail administrator"})
ADMINISTRATOR_SUBJECT = re.compile(
    r"undeliver|returned mail|mail delivery|delivery (?:status|failure|notification)|"
    r"(?:mail|message) could not be (?:sent|delivered)",
    re.IGNORECASE,
)
# What the subject of a report says, by language.
FAILED_SUBJECTS = {
    "English": (
        r"undeliver|delivery (?:status|problem|failure|error|notification|report)|failure (?:notice|delivery)|"
        r"returned mail|mail (?:delivery|not delivered|system error)|could not (?:be )?(?:deliver|send)|not deliver|"
        r"delivery (?:has )?failed|user unknown|delayed|still being retried|has not (?:yet )?been delivered|rejected|"
        r"bounce|nondeliverable|warning: |failed to deliver|error (?:sending|delivering)|"
        r"(?:are|is) not (?:a )?member|ignored not member|loop (?:alert|back)"  # list servers
    ),
    "German": "nicht zustellbar|unzustellbar",
    "Dutch": "onbestelbaar",
    "French": "non[- ]remis|non distribu|échec de ",
    "Italian": "impossibile|mancata consegna",
    "Spanish": "no se puede|no se pudo|no entregad",
    "Portuguese": "não (?:foi )?entreg|falha na entrega",
    "Polish": "nie dostarczono|niedostarcz",
    "Russian": "недостав|не доставлен|не удалось доставить|возвращен",
    "Japanese": "配信(?:でき|不能|に失敗|エラー)|配送(?:でき|不能|エラー)|送信(?:でき|エラー)",
    "Chinese": "退信|无法投递|投递失败|無法傳遞|退回",
    "Korean": "배달(?:되지| 실패)",
    "Turkish": "teslim edilemedi|iletilemedi",
}
# What its text says.
FAILED_TEXTS = {
    "English": (
        r"(?:could ?n[o']t|cannot|can't|not|un(?:able|successful)|fail\w*|error\w*|impossible|problem\w*)\b[^.]{0,80}?"
        r"\b(?:deliver\w*|be (?:sent|reached|found)|reach\w*|send|route|complete|accept\w*|receiv\w*)|undeliver|"
        r"(?:user|mailbox|recipient|address|account|host|domain)\s+(?:is\s+)?"
        r"(?:unknown|not\s+found|unavailable|full|disabled|rejected|invalid)|"
        r"unknown (?:user|recipient|address|host)|no such (?:user|mailbox|recipient|address|person)|quota|"
        r"over\s?quota|delivery\s.{0,40}failed|does(?:n't| not) (?:exist|have an?)|returned (?:to|mail)|rejected|"
        r"following (?:addresses|recipients?)|temporarily deferred|delayed|not yet been|still be(?:ing)? (?:re)?tr|"
        r"relay(?:ing)? denied|invalid (?:recipient|user|address)"
    ),
    "German": "zustell|nicht zugestellt|existiert nicht",
    "French": "pas pu être|non remis|n'existe pas|adresse inconnue",
    "Spanish": "no (?:se )?(?:pudo|ha podido)|no existe",
    "Portuguese": "não (?:pôde|foi possível|existe)",
    "Italian": "non è stato possibile|non esiste",
    "Dutch": "kon(?:den)? niet|bestaat niet",
    "Swedish": "kunde inte",
    "Danish": "kunne ikke",
    "Polish": "nie można|nie istnieje",
    "Czech": "nelze doručit|neexistuje",
    "Russian": "не (?:удалось|может быть|был[оа]? доставлен|существует)|недостав",
    "Japanese": "(?:配信|配送|送信|届け).{0,12}(?:でき|失敗)|見つかりません|存在しません",
    "Chinese": "无法|無法|失败|不存在|退回",
    "Korean": "못했|존재하지",
    "Turkish": "teslim edile",
}


def any_of(table: Mapping[str, str]) -> re.Pattern[str]:
    """A pattern for what any language of a table says; one that matches nothing for an empty table."""
    return re.compile("|".join(table.values()) or r"(?!)", re.IGNORECASE)


DELAYED = re.compile(
    r"delay|not yet been|will (?:be retried|continue|keep)|still (?:being|trying)|"
    r"warning message only|do not need to re-?send|temporarily|verzögert|retardé|遅延|延迟",
    re.IGNORECASE,
)
GIVEN_UP = re.compile(
    r"giv(?:en|ing) up|permanent|fatal|failed|will not be|could not be delivered|cannot be|undeliverable", re.IGNORECASE
)
# Below such a line stands the returned mail; its addresses are not failed recipients.
COPY_BELOW = re.compile(
    r"copy of (?:the|your) (?:original )?message|copy of the (?:message|body)|"
    r"original (?:mail|message)(?! (?:was|could|cannot|has)\b)|"
    r"unsent message|message (?:header|text) (?:follows|below)|returned (?:message|mail) follows|message follows|"
    r"headers? (?:of|from) (?:the|your)|message is (?:included|attached|below)|first \d+ bytes|"
    r"ursprüngliche nachricht|^return-path:|^received: |message contents|text of your (?:message|mail)|"
    r"transcript of message|content of (?:the )?message",
    re.IGNORECASE,
)
