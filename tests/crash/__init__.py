"""Kills the real daemon at every durability boundary that a scenario crosses, and compares what is left with peace.

    python -m tests.crash             every crossing of every scenario (three hours)
    python -m tests.crash --every 20  one in twenty

`launcher` is the program with an observer, `scenario` what happens to the desk, `sweep` the kills and the comparison.
"""
