"""PostgreSQL behind `store/engine.py`: opening and errors, the handle, the daemon's threads, the schema.

engine      a desk's database on a server
connection  opens connections, and knows the errors of psycopg
db          a connection as a `Db`
statements  prepared once, and sent together
sql         our SQL as PostgreSQL reads it
lane        a connection on a thread of its own
"""
