"""One file for each verb of the command line, of the same name. `mailgate.cli.main` imports only the one to run."""
