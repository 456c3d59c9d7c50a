"""The checks of a config, one module for each."""
