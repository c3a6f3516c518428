"""HTML bodies: read as lines, cut to the author's words, sanitised for passing on.

limits      cuts what is too large or too deep to be parsed
page        the lines of a page, what in them is quoted, and a clean copy
rows        the lines of a page while it is read
colours     in which colours it is written
lists       the numbers of list items, and marks of words struck out
excerpt     the formatting of the author's words
sanitise    what may be passed on
"""
