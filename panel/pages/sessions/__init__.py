"""Sessions: list, detail, and how they are ended."""
