"""Mail of agents: commands carried out, questions answered, absences, reports.

perform         resolves the commands, and does those that concern no ticket
task            what they do to a ticket, and the answer to their author
queries         #show, #list, #search, #bans, #report, #help
report_mails    a report as a mail
away            #away, #back, and the end of an absence
"""
