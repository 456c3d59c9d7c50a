"""Load tests: how fast models answer when many calls come at once, measured, compared and drawn."""
