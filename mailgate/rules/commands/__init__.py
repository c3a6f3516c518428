"""The commands in an agent's mail.

    verbs            the table of commands: a verb is a row, with its other names
    verb             the columns of the table
    syntax           an agent's lines → commands, the text below them, problems
    scope            what a command's value depends on; names, times and permissions looked up
    values/          a reader for the value of each verb
    resolve          commands → orders, or problems
    orders           orders → acts (`rules/ticket/acts`), bans
    permitted        whether a role allows all that a link says
    correction       a mail that was not carried out, as it was meant
    help             the answer to #help
    requester_words  what requesters and collaborators may write

May import: the values, and every other `rules` folder.
"""
