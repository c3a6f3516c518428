"""Jinja2 templates: loading, the sandbox, sentences by language, canned responses, preview."""
