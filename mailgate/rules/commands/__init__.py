"""The commands in an agent's mail.

    verbs.py             the table of commands: a verb is a row
    verb.py              the columns of the table
    syntax.py            an agent's lines → commands, the text below them, problems
    scope.py             what a command's value depends on; names, times and permissions looked up
    values/              a reader for the value of each verb
    resolve.py           commands → orders, or problems
    orders.py            orders → acts (`rules/ticket/acts`), bans
    help.py              the answer to #help
    requester_words.py   what requesters and collaborators may write

May import: the values, and every other `rules` folder.
"""
