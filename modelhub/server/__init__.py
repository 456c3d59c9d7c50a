"""Servers that speak the vendors' wire formats."""
