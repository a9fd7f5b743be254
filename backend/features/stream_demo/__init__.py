"""A short event stream, to test whether proxies buffer it."""
