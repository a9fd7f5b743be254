"""Passkeys: registering them, signing in with them, renaming and deleting them."""
