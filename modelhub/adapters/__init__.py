"""Private protocols by configuration: what a config says of requests and replies, compiled once."""
