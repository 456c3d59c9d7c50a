"""A server that offers the models of a registry by the vendors' own protocols."""
