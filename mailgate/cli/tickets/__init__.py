"""The sub-verbs of `mailgate tickets`.

    view            list, show, export
    change          new, do

May import: as `mailgate.cli`.
"""
