"""[topic."Parent / Child"]: help topics."""

from __future__ import annotations

from mailgate.config.built_in import GENERAL_INQUIRY, name_of_built_in
from mailgate.config.sections.routing import read_routing
from mailgate.config.toml.reader import Table
from mailgate.settings import Topic


def read_topics(top: Table) -> dict[str, Topic]:
    """Read every [topic."Parent / Child"]; *General Inquiry* is built in."""
    built_in = GENERAL_INQUIRY.name
    renamed = name_of_built_in(built_in, top.data.get("topic")) != built_in
    found = {} if renamed else {built_in: GENERAL_INQUIRY}
    for name, table in top.named("topic"):
        found[name] = Topic(
            name=name,
            parent=name.rpartition(" / ")[0],
            public=table.flag("public", default=True),
            routing=read_routing(table, without="topic"),
            was=table.texts("was"),
        )
        table.done()
    return found
