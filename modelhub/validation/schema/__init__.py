"""Loads, derives and reads the JSON Schemas of the model_types."""
