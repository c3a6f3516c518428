"""The language of a text, of those shipped, by its most frequent words; none where that is not clear.

Counting alone, no library: a wrong language is worse than the desk's, so a short, mixed or
foreign text has none here.
"""

from __future__ import annotations

import re
from collections import Counter

_READ = 600  # characters: more does not make it surer
_LEAST = 4  # common words that must be there
_AHEAD = 2  # times as many as of the next language
_SHARE = 0.12  # of all words
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
# Words that are frequent in one of the languages and no word of the others.
_COMMON = {
    "en": "the and is are were have has had with this that for from you your we our they it not but can could would "
    "please when what which there been my does do did any how why about thanks hello",
    "de": "der die das und ist sind nicht ich wir sie ein eine einen einem mit für auf von zu dem den im wird wurde "
    "werden haben habe hat kann können bitte wenn auch nach bei seit aber oder mein meine unser ihr ihre danke hallo",
    "fr": "le les est sont pas je nous vous une et avec pour dans au aux sur qui ce cette ces mon ma votre "
    "notre j'ai n'est c'est depuis mais bonjour merci avez peut quand être été plus nos vos",
    "es": "el los las está están yo nosotros usted ustedes una y con para en del al que este esta estos mi mis su sus "
    "nuestro nuestra tengo tiene desde pero hola gracias puede cuando ser sido más hay por lo se",
}
_LANGUAGE = {word: language for language, words in _COMMON.items() for word in words.split()}


_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}")  # RFC 5646 2.1, lower case


def language_of(text: str, named: str) -> str:
    """The language of a mail: that of its words, else the one that its header names.

    The words come first: mail programs name the language of their own menus.
    """
    return tongue(text) or (named if _TAG.fullmatch(named) else "")


def tongue(text: str) -> str:
    """The language of a text: "en", "de", "fr", "es", or "" where none is clearly ahead."""
    words = _WORD.findall(text[:_READ].lower().replace("’", "'"))
    counts = Counter(map(_LANGUAGE.get, words))
    (second, _), (most, first) = sorted((counts[language], language) for language in _COMMON)[-2:]
    return first if most >= max(_LEAST, _AHEAD * second, _SHARE * len(words)) else ""
