"""Formatters of a third party."""
