"""Tries what the configuration names, stage by stage: `check --connect` and `check --roundtrip`.

everything      several trials at a time
mailbox, relay  an account's server: reach it, sign in, use it
wire            what both begin with: name, connection, TLS
local           listeners, certificates, the database, the templates
domains         looks up what the DNS says of the desk's domains
domain_records  what that means for its mail: SPF, DKIM, DMARC. Pure
roundtrip       a mail of the desk to itself
stage           one step of a trial, and their table. Pure
hints           what to do about a step that failed. Pure
"""
