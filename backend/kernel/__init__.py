"""Rules of the world: time, chance, secrets, passwords, settings. Knows nothing of HTTP or SQL."""
