"""Tries what the configuration names, stage by stage: `check --connect` and `check --roundtrip`."""
