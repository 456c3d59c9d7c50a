"""The rows of a job: files of JSONL, CSV, Parquet and Arrow, read one after the other."""
