"""From an inbox row to one transaction: claims mail, prepares it, decides, writes; and does what is due by time.

lanes        the tasks: mail, large mail, reports
batch        one batch of the inbox
pipeline     a mail up to its outcome (`mailgate.desk`)
apply        writes the outcome: the only writer of tickets
written      the outcome's notices as mails
explain      the outcome in words, for `explain` and `trace`
timers       what is due by time
daily/       what is due each day
undelivered  what the relay refused for good
recheck      withdraws waiting mail that is not due any more
carry_over   names that changed in the configuration (`was`)
runtime      what depends on the configuration: keys, templates, rules
secrets      the secrets that sign keys
node         one of several processes on a database
"""
