"""One file per vendor: each describes how a config and an input become a request, and a reply a response."""
