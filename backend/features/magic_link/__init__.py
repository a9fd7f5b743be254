"""Signing in with a mailed link, without a password."""
