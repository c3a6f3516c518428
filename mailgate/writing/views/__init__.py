"""What templates see: values and formatting for agents, requesters and reports."""
