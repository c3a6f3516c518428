"""New tickets: from a mail, on somebody's behalf, from a forwarded mail, from the command line."""
