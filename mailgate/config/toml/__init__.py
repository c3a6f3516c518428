"""Typed reading of any TOML file, with the line of every value, so that each problem is reported where it is.

    reader          tables with typed getters that collect problems
    lines           the line number of each key
    messages        phrases of error messages: quoting, lists, suggestions
    units           durations, sizes, rates, times of day

May import: the values at the root, `rules`.
"""
