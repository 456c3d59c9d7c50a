"""Tells observers and hooks what happens in calls, and sums what calls use."""
