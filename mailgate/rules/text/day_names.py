"""The words in which people name days and spans, in the shipped languages: as English ones, which `typed_time` reads.

A table of words and nothing more: what they mean together is not decided here.
"""

from __future__ import annotations

import re
import unicodedata

from mailgate.rules.text.moments import WEEKDAYS

_WEEKDAYS = (  # Monday first
    "montag lundi lunes",
    "dienstag mardi martes",
    "mittwoch mercredi miercoles",
    "donnerstag jeudi jueves",
    "freitag vendredi viernes",
    "samstag sonnabend samedi sabado",
    "sonntag dimanche domingo",
)
_MONTHS = (  # as `plain` leaves them; a start of three letters is enough
    "january januar jaenner janvier enero",
    "february februar fevrier febrero",
    "march marz mars marzo",
    "april avril abril",
    "may mai mayo",
    "june juni juin junio",
    "july juli juillet julio",
    "august aout agosto",
    "september septembre septiembre",
    "october oktober octobre octubre",
    "november novembre noviembre",
    "december dezember decembre diciembre",
)
# Phrases that stand for English ones, the longest first.
_PHRASES = {
    "day after tomorrow": "the day after tomorrow|ubermorgen|uebermorgen|apres-demain|apres demain|pasado manana",
    "next week": "nachste woche|naechste woche|kommende woche|la semaine prochaine|semaine prochaine"
    "|la proxima semana|proxima semana|la semana que viene|semana que viene",
    "next month": "nachsten monat|naechsten monat|nachster monat|le mois prochain|mois prochain"
    "|el proximo mes|proximo mes|el mes que viene",
    "end of month": "end of the month|monatsende|ende des monats|fin du mois|fin de mes|fin del mes",
    "today": "heute|aujourd'hui|hoy",
    "tomorrow": "morgen|demain|manana",
    "noon": "mittags|midi|mediodia",
    "next": "nachsten|naechsten|nachster|proximo",
    "this": "diesen|dieser|ce|este",
    "in": "dans|en",
    "1": "an|a|one|ein|eine|einem|einer|un|une|una",
    "minutes": "minuten|minutos",
    "hours": "stunde|stunden|std|heure|heures|hora|horas",
    "days": "tag|tage|tagen|jour|jours|dia|dias",
    "weeks": "woche|wochen|semaine|semaines|semana|semanas",
    "months": "monat|monate|monaten|mois|mes|meses",
}
_ENGLISH = {word: english for english, words in _PHRASES.items() for word in words.split("|")}
_LONGEST_FIRST = "|".join(map(re.escape, sorted(_ENGLISH, key=len, reverse=True)))
_FOREIGN = re.compile(rf"(?<![\w'-])(?:{_LONGEST_FIRST})(?![\w'-])")
_A_TIME = re.compile(r"\b(?:um|a las|a la|a) (?=\d)")  # "um 9:00", "a las 9:00", "à 9:00"
_AFTER = re.compile(r"\b(\w+) (?:prochain|prochaine|proximo|que viene)\b")  # "vendredi prochain"
_ON = re.compile(r"^(?:am kommenden|kommenden|am|le|el) ")
_UP_TO = re.compile(r"^(?:until|till|for|by|bis zum|bis|jusqu'au|jusqu'a|hasta el|hasta) ")  # #pending until fri
_SHORTEST = 3  # letters of a name


def plain(typed: str) -> str:
    """What was typed in lower case, in English, without accents, commas and the "until" in front."""
    text = unicodedata.normalize("NFKD", typed.casefold().replace(",", " ").replace("\u2019", "'"))
    text = " ".join("".join(char for char in text if not unicodedata.combining(char)).split())
    text = _A_TIME.sub("at ", _ON.sub("on ", _UP_TO.sub("", text)))
    return _AFTER.sub(r"next \1", _FOREIGN.sub(lambda found: _ENGLISH[found[0]], text))


def weekday(name: str) -> int | None:
    """The day that a name means, Monday 0; None for another word. Of an English one the start is enough.

    Not of others: "sam" and "don" are people.
    """
    english = (at for at, day in enumerate(WEEKDAYS) if len(name) >= _SHORTEST and day.startswith(name))
    return next(english, next((at for at, names in enumerate(_WEEKDAYS) if name in names.split()), None))


def month(name: str) -> int | None:
    """The month that a name or its start means, January 1; None for another word, and for one that means several."""
    known = enumerate(_MONTHS, start=1)
    found = [at for at, names in known if any(each.startswith(name) for each in names.split())]
    return found[0] if len(found) == 1 and len(name) >= _SHORTEST else None
