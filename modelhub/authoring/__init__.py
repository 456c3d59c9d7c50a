"""Writes configs to start from, configs converted from other programs, schemas for editors, and the reference page."""
