"""The vendors' batch APIs: many requests that are handed in at once, and answered later."""
