"""What to send next, when to try again, and when to give up: generators without any I/O, served by the drivers."""
