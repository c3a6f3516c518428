"""The only SQL of the house: one file a subject, over the small `Db` of `engine.py`.

db.py        the doors: `Store` for the daemon, a `Db` for one-shot commands
engine.py    what every database engine offers
sqlite/      SQLite behind it
schema.py    versions of the schema and their scripts
raw_files.py, attachments.py    files beside the database
queues/ tickets/ people/ maintenance/    SQL, a file a subject
"""
