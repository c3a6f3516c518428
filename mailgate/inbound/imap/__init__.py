"""IMAP mailboxes: a thread each that waits, plans, fetches, and moves what is stored.

watcher       the thread of an account
connection    reaches the server and signs in: the only file that names imapclient
session       one connection to one folder: look, fetch, finish, wait
drain         empties a folder into the inbox
plan          what to do with the messages of a folder. Pure
bridge        from the thread to the daemon's loop and back
folder_names  namespaces, and the folder for junk
headers       of a message that stays: From, Subject, Message-ID
replies       what a refusal means
"""
