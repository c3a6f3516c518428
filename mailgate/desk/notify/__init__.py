"""The last step of a decision: notices, limits, dead addresses; and mail to the administrator.

announce         all of it, in order
related_tickets  values of an alert that only the database knows
limits           notices over a limit
dead_addresses   notices to addresses that do not work
admin            mail to the administrator, and to postmaster@
"""
