"""The layers of the house: its folders in rising order. A file may import from its own folder and from those above it.

The house tests and `scripts/coverage` ask here; nothing is checked here.
"""

from __future__ import annotations

from tests.house.source import Source, sources

LAYERS = (
    "",  # the values at the root of the package
    "system",
    "reading",
    *("rules.text", "rules.sla", "rules.people", "rules.screening", "rules.routing", "rules.replies"),
    *("rules.threading", "rules.ticket", "rules.notices", "rules.report", "rules.commands"),
    "connect",
    "config",
    "store",
    "inbound",
    "writing",
    "outbound",
    "desk",
    "worker",
    "daemon",
    "probes",
    "demo",
    "cli",
)
# The core: no I/O, no clock, no chance, no log; held at 100 % branch coverage by the unit tests.
CORE = ("", "reading", "rules", "writing.mail", "writing.views")
# Pure files in folders of the shell.
PURE = {
    *("connect.oauth2", "connect.providers", "connect.sasl", "connect.smtp_lines", "inbound.imap.replies"),
    *("inbound.envelope", "inbound.imap.plan", "inbound.smtp.data", "inbound.smtp.proxy", "inbound.smtp.syntax"),
    *("outbound.backoff", "outbound.dkim", "outbound.downgrade", "outbound.meanings"),
    *("outbound.pacing", "outbound.sender", "outbound.status_codes"),
    *("writing.compose", "writing.report_text"),
    *("writing.templates.preview", "writing.templates.specimens"),
    *("probes.hints", "probes.domain_records", "probes.stage"),
    "cli.report_json",
}


def layer(module: str) -> int:
    """How high a module lies: the place of its folder in `LAYERS`."""
    if module == "__main__":
        return LAYERS.index("cli")
    name = module if "." in module or module in LAYERS else ""  # a module at the root is a value
    inside = [place for place, folder in enumerate(LAYERS) if folder and f"{name}.".startswith(f"{folder}.")]
    return inside[0] if inside else 0


def core() -> list[Source]:
    """The files of the pure core and of the values that it works on."""
    return [source for source in sources() if _is_core(source.module)]


def _is_core(module: str) -> bool:
    if module in PURE:
        return True
    if "." not in module and module not in LAYERS:
        return module != "__main__"
    return any(folder and f"{module}.".startswith(f"{folder}.") for folder in CORE)
