"""A scenario: what a mock server does to which requests, and when; data, and state machines without a clock."""
