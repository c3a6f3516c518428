"""HTML bodies: read as lines, cut to the author's words, sanitised for passing on."""
