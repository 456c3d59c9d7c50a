"""Python's types and JSON: the schema that an annotation means, and the value that JSON is for it."""
