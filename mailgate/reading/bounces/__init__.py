"""Reports of failed or delayed delivery: RFC 3464 parts, and reports in prose.

report      RFC 3464 parts: who was not reached, how finally, which mail
prose       the same from free text
phrases     the words of mail servers: data alone
"""
