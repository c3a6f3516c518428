"""Prometheus' text exposition format, version 0.0.4: gauges and counters with their HELP. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

Labels = tuple[tuple[str, str], ...]

HELP: Mapping[str, str] = {
    "mailgate_ready": "Whether the daemon has no problem (1) or has one (0).",
    "mailgate_queue": "Mails in a queue: inbox, held, quarantine, outbox, failed.",
    "mailgate_queue_age_seconds": "Age of the oldest mail that waits in a queue; 0 for an empty queue.",
    "mailgate_way_in_connected": "Whether a listener or mailbox is connected.",
    "mailgate_relay_ok": "Whether a relay accepts mail.",
    "mailgate_storage_ok": "Whether database and files can be used.",
    "mailgate_worker_ok": "Whether the worker process makes progress.",
    "mailgate_sign_in_expires_seconds": "Seconds until a person has to renew a sign-in.",
    "mailgate_accepted_total": "Mails accepted into the inbox since the start.",
    "mailgate_refused_total": "Refusals by the listeners since the start: senders, recipients, messages.",
    "mailgate_sent_total": "Mails that a relay accepted since the start.",
    "mailgate_deferred_total": "Deliveries that a relay put off since the start.",
    "mailgate_failed_total": "Mails that were given up since the start.",
}
COUNTED = ("accepted", "refused", "sent", "deferred", "failed")  # events of the mail log


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure; `name` is in `HELP`."""

    name: str
    value: float
    labels: Labels = ()


def text(samples: Iterable[Sample]) -> str:
    """The page: each name once with its HELP and TYPE, then its samples."""
    by_name: dict[str, list[Sample]] = {}
    for sample in samples:
        by_name.setdefault(sample.name, []).append(sample)
    return "".join(f"{line}\n" for name, found in by_name.items() for line in _family(name, found))


def _family(name: str, samples: list[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {HELP[name]}"
    yield f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}"
    for sample in samples:
        labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in sample.labels)
        yield f"{name}{{{labels}}} {sample.value:.15g}" if labels else f"{name} {sample.value:.15g}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
