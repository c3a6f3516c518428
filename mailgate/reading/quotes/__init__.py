"""Where quoted history begins: attributions, forwarded headers, reply markers, mobile signatures."""
