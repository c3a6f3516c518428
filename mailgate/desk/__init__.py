"""What the desk does with a mail or an order: reads what it needs, asks the rules, says what is to be written.

Nothing here writes: each way ends in an `Outcome`, which `mailgate.worker.apply` carries out in
the same transaction, and which `explain` only shows.
"""
