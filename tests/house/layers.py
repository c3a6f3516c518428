"""The layers of the house: which module lies where, and so what it may import and must be.

The house tests and `scripts/coverage` ask here; nothing is checked here.
"""

from __future__ import annotations

from tests.house.source import Source, sources

# Imports point from a higher layer to a lower or the same one. What is not named here is core when it lies in
# a core package, else it belongs with process.
VALUES, CORE, EDGE, PROCESS, SHELL = range(5)
VALUE_MODULES = {"", "model", "mail", "reasons", "errors", "config.model", "report.values"}
EDGE_MODULES = {
    *("clock", "maillog", "unlock"),
    *("daemon.link", "daemon.lock", "daemon.places", "daemon.status"),
    *("inbound.accept", "inbound.imap", "inbound.imap_drain", "inbound.imap_session"),
    *("inbound.pipe", "inbound.refusals", "inbound.smtp"),
    *("outbound.deliver", "outbound.relay", "outbound.render", "outbound.catalogue", "outbound.canned"),
    "outbound.sandbox",
    *("report.terminal", "report.read", "report.aside"),
}
EDGE_PACKAGES = ("store", "config")
CORE_PACKAGES = ("rules", "inbound", "outbound", "report")
SHELL_MODULES = {"daemon.main", "daemon.reload", "daemon.worker", "daemon.beside", "daemon.ways", "__main__"}
SHELL_PACKAGES = ("cli", "demo")


def layer(module: str) -> int:
    """Where a module lies, by its name below the package."""
    package = module.split(".", maxsplit=1)[0]
    if module in VALUE_MODULES:
        return VALUES
    if module in SHELL_MODULES or package in SHELL_PACKAGES:
        return SHELL
    if module in EDGE_MODULES or package in EDGE_PACKAGES:
        return EDGE
    return CORE if package in CORE_PACKAGES else PROCESS


def core() -> list[Source]:
    """The files of the pure core and of the values that it works on."""
    return [source for source in sources() if layer(source.module) <= CORE]
