"""Getting mail safely out.

deliver        takes the outbox to the relays
lane           one relay: its connections, and how it does
waiting        mails that wait for one of its connections
pacing         how many mails a minute it may be given. Pure
relay          one attempt by SMTP
maildir        a Maildir instead; and what every transport does
payload        the bytes of a mail on their way
sender         the address in From
dkim           signatures. Pure
downgrade      mail for a relay without SMTPUTF8
backoff        what an answer means for a mail: sent, try again, give up. Pure
meanings       what its words mean beyond its code
status_codes   why a mail was not delivered, for people
results        what became of mails, until it is written down
"""
