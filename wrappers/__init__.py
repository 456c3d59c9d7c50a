"""One file for each vendor: how a config and an input become a request, and how a reply becomes a response."""
