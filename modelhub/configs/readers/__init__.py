"""Reads texts as data; the place of every value is kept."""
