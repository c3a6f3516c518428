"""Mail of agents: commands carried out, questions answered, absences, reports."""
