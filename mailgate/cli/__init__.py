"""The command line.

    main              parses the command line, runs the verb, maps errors to exit codes
    common            what the verbs share: configuration, database connections, output
    json_errors       the JSON document of a verb that fails
    interview         the questions of `init`
    pager, progress   long output and long work on a terminal
    standard_streams  input and output that are closed, or take nothing
    report_json       the report as JSON and CSV
    report_terminal   the report as tables on a terminal
    verbs/            one file for each verb
    tickets/          the sub-verbs of `tickets`
    storage/          the verbs about stored data

May import: every layer below.
"""
