"""Jinja2 templates: loading, the sandbox, sentences by language, canned responses, preview.

render      fills a template in
sandbox     Jinja2, with `{% say %}` and our filters
phrases     `words.toml` → the sentences of a language
canned      canned responses
folders     folders of templates, read whole
own_texts   what is wrong with the administrator's own
preview     a specimen notice of each kind
specimens   specimen views, on which templates are tried
"""
