"""Decides what to send next, when to try again, and when to give up: generators without I/O, which drivers serve."""
