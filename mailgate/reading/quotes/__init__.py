"""Where quoted history begins: attributions, forwarded headers, reply markers, mobile signatures.

split              which lines are the author's own, and which are history or signature
lines              a line, and what it is
attribution        "On … wrote:", copied headers, separators
attribution_lines  an attribution on several lines
coloured           answers in colour among the copied text
evidence           a copied header that its author shows
forwarded          a mail that was forwarded inline
marks              quote marks other than ">", and lines that lost theirs
footers            disclaimers and banners of gateways, companies and lists
signature          the block below "-- "
device_lines       "Sent from my iPhone"
shape              dates, addresses and rules in any language
phrases            the words of mail programs, a row a language: data alone
"""
