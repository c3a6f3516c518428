"""SQLite behind `store/engine.py`: opening and errors, the handle, the daemon's threads, the flush of the log.

engine      a desk's database in a file
connection  opens the file, and knows SQLite's errors
db          a connection as a `Db`
lane        a connection on a thread of aiosqlite
flush       one flush of the log for all who wait
"""
