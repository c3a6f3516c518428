"""A file a verb of the command line, named as the verb is; `mailgate.cli.main` imports the one that is asked for."""
