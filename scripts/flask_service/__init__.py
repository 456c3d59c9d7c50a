"""A chat model of one's own behind HTTP: what the Flask services with transformers and with ModelScope share."""
