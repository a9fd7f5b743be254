"""One-time tokens, with which a session goes on in another browser or on another domain."""
