"""Texts become data, and every value keeps its place."""
