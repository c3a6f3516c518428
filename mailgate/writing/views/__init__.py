"""What templates see: values and wording for agents, requesters and reports."""
