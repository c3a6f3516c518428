"""What the clock does each day: mails digests, reports, and what was held or set aside; deletes what is too old.

agents_day   digests, the end of absences and of quiet hours
report_mail  scheduled reports
spam_digest  the list of mail that was held as spam
set_aside    quarantined mail
upkeep       deletes what is too old
"""
