"""What keeps a desk in order for years: sizes, checks, backups.

size        how much is stored
invariants  what holds in every database
backup      a copy of one moment's state
restore     the way back
copy        from one database to another, whatever their engines
forget      erases one person
"""
