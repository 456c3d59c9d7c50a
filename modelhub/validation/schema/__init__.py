"""The JSON Schemas of the model_types: stored, derived, and looked into."""
