"""The configuration: reads one TOML file into a frozen `Config`, or reports every problem in it at once.

    load            finds and reads the file
    check           checks across tables: references, duplicates, loops
    built_in        built-in departments, roles, plans and topics
    secret          passwords and the signing secrets
    diff            what a reload changes
    dump            the effective values, for the log
    sample          the first configuration, for `mailgate init`
    sections/       one reader for each table of the file
    toml/           typed reading of any TOML file, with line numbers

May import: the values at the root, `system`, `reading`, `rules`.
"""
