"""Reports of failed or delayed delivery: RFC 3464 parts, and reports in prose."""
