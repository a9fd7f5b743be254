"""The HTTP server: the process that listens, and its connections."""
