"""One JSON Schema per model_type, as data beside the code."""
