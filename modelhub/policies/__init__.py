"""What may be wrapped around a call, a module each."""
