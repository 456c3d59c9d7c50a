"""One command from a model's name to a server and the config that calls it; the standard library alone."""
