"""`mailgate demo`: a desk on this machine alone, and a scenario of three tickets played by real mail.

    scenario        the three tickets, step by step
    runner          runs a step and checks who receives what
    mail_client     the mails that the people of the scenario write
    output          what the reader sees: a terminal, or JSON lines
    desk.toml       the configuration of the demo's desk

May import: every layer below.
"""
