"""How a server listens and sends."""
