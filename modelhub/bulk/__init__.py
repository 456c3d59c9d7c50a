"""Bulk jobs: a model asked about every row of a file, whatever its size, so that a job that was killed goes on."""
