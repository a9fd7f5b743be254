"""Second factors: authenticator apps, codes by mail, backup codes, trusted browsers."""
