"""The smallest config, and configs made of one section and the rest of it."""

from __future__ import annotations

import tomllib

REST = {
    "desk": '[desk]\nname = "First Bank Help Desk"\nadmin = "postmaster@bank.example"\n',
    "address": '[address."support@bank.example"]\n',
    "smtp": "[smtp]\n",
    "relay": "[relay]\n",
    "agent": '[agent.ann]\nname = "Ann Reyes"\nemail = ["ann@bank.example"]\n\n'
    '[agent.elliot]\nname = "Elliot Alderson"\nemail = ["elliot@bank.example"]\n',
}


def completed(text: str) -> str:
    """The case with the sections of the smallest config that it lacks."""
    if text.startswith("# "):
        return text
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return text
    if isinstance(data.get("agent"), dict) and data["agent"]:
        data.pop("agent")
    return "\n".join((text, *(section for key, section in REST.items() if key not in data)))
