"""[canned.NAME]: canned responses, which agents send with #canned and rules send automatically.

Placeholders are checked by `mailgate check` and on reload (`mailgate.writing.templates.canned`).
"""

from __future__ import annotations

from mailgate.config.toml.reader import Table
from mailgate.settings import Canned


def read_canned(top: Table) -> dict[str, Canned]:
    """Read every [canned.NAME]."""
    found = {}
    for name, table in top.named("canned"):
        text = table.by_language("text")
        if not text.by_language and isinstance(table.data.get("text", ""), str):
            table.error("", 'text is missing: write text = "Hello {{ requester.name }}, …"')
        for language, each in text.by_language.items():
            if not each.strip():
                table.reading.error(table.at("text").inside(language), "is blank: write what is sent")
        found[name] = Canned(name=name, text=text)
        table.done()
    return found
