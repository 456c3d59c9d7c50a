"""The vendors' own batch APIs: jobs of many requests at a lower price, which take up to a day."""
