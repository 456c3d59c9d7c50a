"""The policies of a call, one module for each."""
