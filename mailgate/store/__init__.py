"""The only SQL of the house: one file a subject, over the small `Db` of `db.py`."""
