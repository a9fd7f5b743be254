"""Accounts, sessions and cookies, and the paths that need them."""
