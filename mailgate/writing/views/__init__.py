"""The values that templates read, formatted for agents, requesters and reports.

views            the values that a template may read
for_requester    filled in for requesters
for_agent        filled in for agents and the administrator
for_report       filled in for a report
card             the ticket card
answers          the answers to an agent's questions
mail_links       the links of a mail to an agent
links            a link that opens a filled-in mail
words            the phrases of one language
formatting       due times, sizes, names and earlier entries
"""
