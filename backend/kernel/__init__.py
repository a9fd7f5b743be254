"""Time, randomness, secrets, passwords and settings. Knows nothing of HTTP or SQL."""
