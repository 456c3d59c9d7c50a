"""The output of a job: JSONL, CSV, Parquet or Arrow, written whole and put in its place at the end."""
