"""New tickets: from a mail, on somebody's behalf, from a forwarded mail, from the command line.

from_mail        a mail that is about no ticket
on_behalf        an agent's `#new` or forwarded mail
forwarded        author, text and ticket of a forwarded mail
by_hand          what `#new`, `tickets new` and forwarding have in common
requester_named  the person named as requester
draft            what rules may ask (`rule_input`), and the draft of the ticket: for every way of opening one
"""
