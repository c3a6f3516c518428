"""Answers as eleven mail programs write them: quote, attribution, signature and markup each in its own form.

`PROGRAMS` maps a name to a function of the typed lines, the lines of the signature ("" for none) and the answered mail;
it returns the fields of `Bench.write`. A signature stands where the program puts it: with a `-- ` line, in a container
of its own, or just below the text.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from tests.desk import Sent

Fields = dict[str, object]
Program = Callable[[str, str, Sent], Fields]
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def _quoted(mail: Sent) -> str:
    return "\n".join(f"> {line}".rstrip() for line in mail.text.splitlines())


def _sender(mail: Sent) -> str:
    return str(mail.message["From"]).partition("<")[0].strip(' "')


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _lines(text: str, tag: str, attributes: str = "") -> str:
    """Each line in an element of its own, an empty one for a blank line."""
    rows = (f"<{tag}{attributes}>{escape(line) or '<br>'}</{tag}>" for line in text.split("\n"))
    return "".join(rows) if text else ""


def _breaks(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br>\n")


def _outlook_head(mail: Sent) -> list[tuple[str, str]]:
    return [
        ("From", f"{_sender(mail)} <support@bank.example>"),
        ("Sent", "Friday, November 20, 2026 10:00 AM"),
        ("To", mail.to),
        ("Subject", mail.subject),
    ]


def outlook_classic(text: str, signature: str, mail: Sent) -> Fields:
    """Word's HTML: each line a paragraph of class MsoNormal; the signature just below, with a logo."""
    normal = ' class="MsoNormal"'
    head = "".join(f"<b>{name}:</b> {escape(value)}<br>" for name, value in _outlook_head(mail))
    picture = '<p class="MsoNormal"><img width="1" height="1" src="cid:image001.png@01DB"></p>' if signature else ""
    html = (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><body lang="EN-US"><div class="WordSection1">'
        f"{_lines(text, 'p', normal)}<p class=MsoNormal><o:p>&nbsp;</o:p></p>{_lines(signature, 'p', normal)}{picture}"
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
        f'<p class="MsoNormal">{head}</p></div>{_lines(mail.text, "p", normal)}</div></body></html>'
    )
    plain = "\n".join(f"{name}: {value}" for name, value in _outlook_head(mail))
    return {"text": f"{_joined(text, signature)}\n\n{plain}\n\n{mail.text}", "html": html, "logo": bool(signature)}


def outlook_web(text: str, signature: str, mail: Sent) -> Fields:
    head = "".join(f"<b>{name}:</b> {escape(value)}<br>" for name, value in _outlook_head(mail))
    signed = f'<div id="Signature">{_lines(signature, "div")}</div>' if signature else ""
    html = (
        f'<html><body dir="ltr">{_lines(text, "div", " class=elementToProof")}<div><br></div>{signed}'
        '<div id="appendonsend"></div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" dir="ltr">'
        f"{head}</div>{_lines(mail.text, 'div')}</body></html>"
    )
    plain = "\n".join(f"{name}: {value}" for name, value in _outlook_head(mail))
    return {
        "text": f"{_joined(text, signature)}\n________________________________\n{plain}\n\n{mail.text}",
        "html": html,
    }


def outlook_mobile(text: str, signature: str, mail: Sent) -> Fields:
    own = _joined(text, signature, "Get Outlook for iOS")
    head = "".join(f"<b>{name}:</b> {escape(value)}<br>" for name, value in _outlook_head(mail))
    html = (
        f"<html><body>{_lines(_joined(text, signature), 'div')}<div><br></div>"
        '<div id="ms-outlook-mobile-signature">Get <a href="https://aka.ms/o0ukef">Outlook for iOS</a></div>'
        f'<hr><div id="divRplyFwdMsg">{head}</div>{_lines(mail.text, "div")}</body></html>'
    )
    plain = "\n".join(f"{name}: {value}" for name, value in _outlook_head(mail))
    return {"text": f"{own}\n________________________________\n{plain}\n\n{mail.text}", "html": html}


def _gmail(text: str, signature: str, mail: Sent, signed: str) -> Fields:
    wrote = f"On Fri, Nov 20, 2026 at 10:00 AM {_sender(mail)} <support@bank.example> wrote:"
    html = (
        f'<div dir="ltr">{_lines(text, "div")}</div>{signed}<br><div class="gmail_quote gmail_quote_container">'
        f'<div dir="ltr" class="gmail_attr">{escape(wrote)}<br></div>'
        f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{_breaks(mail.text)}</blockquote></div>'
    )
    own = f"{text}\n\n-- \n{signature}" if signature else text
    return {"text": f"{own}\n\n{wrote}\n\n{_quoted(mail)}\n", "html": html}


def gmail_web(text: str, signature: str, mail: Sent) -> Fields:
    inside = f'<div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature">{_lines(signature, "div")}</div>'
    signed = (
        f'<div><br clear="all"></div><span class="gmail_signature_prefix">-- </span><br>{inside}' if signature else ""
    )
    return _gmail(text, signature, mail, signed)


def gmail_app(text: str, signature: str, mail: Sent) -> Fields:
    """The app writes the signature into the text."""
    return _gmail(_joined(text, signature), "", mail, "")


def _apple(text: str, signature: str, mail: Sent, device: str) -> Fields:
    wrote = f"On 20 Nov 2026, at 10:00, {_sender(mail)} <support@bank.example> wrote:"
    own = _joined(text, signature, device)
    html = (
        f'<html><body style="overflow-wrap: break-word;">{_lines(own, "div")}<div><br><blockquote type="cite">'
        f"<div>{escape(wrote)}</div><br><div>{_breaks(mail.text)}</div></blockquote></div></body></html>"
    )
    return {"text": f"{own}\n\n> {wrote}\n> \n{_quoted(mail)}\n", "html": html}


def apple_mail(text: str, signature: str, mail: Sent) -> Fields:
    return _apple(text, signature, mail, "")


def iphone(text: str, signature: str, mail: Sent) -> Fields:
    return _apple(text, signature, mail, "Sent from my iPhone")


def thunderbird(text: str, signature: str, mail: Sent) -> Fields:
    """Below the quote, in HTML."""
    wrote = f"On 20.11.26 10:00, {_sender(mail)} wrote:"
    signed = f'<pre class="moz-signature" cols="72">-- \n{escape(signature)}</pre>' if signature else ""
    html = (
        f'<html><body><div class="moz-cite-prefix">{escape(wrote)}<br></div><blockquote type="cite">'
        f"{_breaks(mail.text)}</blockquote>{_lines(text, 'p')}{signed}</body></html>"
    )
    own = f"{text}\n\n-- \n{signature}" if signature else text
    return {"text": f"{wrote}\n{_quoted(mail)}\n\n{own}\n", "html": html}


def k9(text: str, signature: str, mail: Sent) -> Fields:
    wrote = f"On 20 November 2026 10:00:00 CET, {_sender(mail)} <support@bank.example> wrote:"
    own = f"{text}\n-- \n{signature}" if signature else text
    return {"text": f"{own}\n\n{wrote}\n{_quoted(mail)}\n"}


def mutt(text: str, signature: str, mail: Sent) -> Fields:
    """Text alone, below the quote."""
    own = f"{text}\n\n-- \n{signature}" if signature else text
    return {"text": f"On Fri, Nov 20, 2026 at 10:00:00AM +0000, {_sender(mail)} wrote:\n{_quoted(mail)}\n\n{own}\n"}


def yahoo(text: str, signature: str, mail: Sent) -> Fields:
    wrote = f"On Friday, November 20, 2026 at 10:00:00 AM GMT+1, {_sender(mail)} <support@bank.example> wrote:"
    own = _joined(text, signature)
    html = (
        f'<div class="ydpstyle yahoo-style-wrap"><div dir="ltr">{_breaks(own)}</div></div>'
        f'<div id="yahoo_quoted_1" class="yahoo_quoted"><div>{escape(wrote)}</div><br>'
        f"<div>{_breaks(mail.text)}</div></div>"
    )
    return {"text": f"{own}\n\n    {wrote}\n \n {mail.text}", "html": html}


PROGRAMS: dict[str, Program] = {
    each.__name__.replace("_", " "): each
    for each in (
        *(outlook_classic, outlook_web, outlook_mobile, gmail_web, gmail_app),
        *(apple_mail, iphone, thunderbird, k9, mutt, yahoo),
    )
}


def written(program: str, text: str, signature: str, mail: Sent) -> Fields:
    """The fields of `Bench.write` for an answer to `mail`; Outlook embeds a logo where there is a signature."""
    fields = PROGRAMS[program](text, signature, mail)
    if fields.pop("logo", False):
        fields["pictures"] = (("image001.png", "image/png", PIXEL, "image001.png@01DB"),)
    return {**fields, "answers": mail}
