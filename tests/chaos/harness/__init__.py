"""Calls on a server that plays an outage, and whether all agree on what came of them."""
