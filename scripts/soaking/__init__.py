"""What ``scripts/soak`` does: calls that go on and on, and what the process takes meanwhile."""
