"""What is known of people: absences, bans, dead addresses, digests sent, who was written to.

absences        absences, and the turns of automatic assignment
audience        people outside the desk: how much automatic mail they got, whether they are proven
bans            banned addresses
dead_addresses  addresses that take no mail
digests         up to which day an agent's are done
signatures      how agents sign
"""
