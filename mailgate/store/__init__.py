"""The only SQL of the house: one file a subject, over the small `Db` of `engine.py`.

db                        the doors: `Store` for the daemon, a `Db` for one-shot commands
engine                    what every database engine offers
sqlite/, postgresql/      the engines behind it
schema.sql                every table
schema, migrations/       versions of the schema, and the scripts from one to the next
meta                      the few facts about this database itself
columns                   values as a column holds them
raw_files, attachments    files beside the database
queues/, tickets/         SQL of these, a file a subject
people/, maintenance/     and of these
"""
