"""The desk's thinking: pure functions from values to values. No I/O, no clock, no chance.

text/       what people type and read: names, times, subjects, signatures
sla/        schedules and due times
people/     permissions, absences, automatic assignment
screening/  a person's mail, or a machine's
routing/    the administrator's rules
replies/    an agent's reply before it goes
threading/  which ticket a mail belongs to, and who sent it
ticket/     what can be done to a ticket
notices/    who is told, and what
report/     figures
commands/   what agents and requesters can type
"""
