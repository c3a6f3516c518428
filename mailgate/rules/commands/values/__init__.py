"""What can be typed after a command: a reader for each verb, in files by the same groups as the acts.

A reader takes the command as typed and its `CommandScope`, and returns the value and a summary of what the
command does ("assigned to Ann Reyes"), which the agent gets as confirmation. It raises `Refused` with a text
that says what is wrong and what to write instead.

    routing.py    #assign #transfer #topic #sla #priority #due #status #canned
    labels.py     #subject #tag #untag
    people.py     #note NAME, #cc #uncc #requester
    tickets.py    #link #merge #split
    bans.py       #ban #unban
    absence.py    #away #back
    simple.py     the rest: no value, or one that is taken as typed
    addresses.py  typed addresses, and likely misspellings of them

May import: what `rules/commands` may, and of it `scope`.
"""
