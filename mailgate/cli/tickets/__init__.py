"""The sub-verbs of `mailgate tickets`.

    listing     list, and its columns
    view        show, export
    change      new, do

May import: as `mailgate.cli`.
"""
