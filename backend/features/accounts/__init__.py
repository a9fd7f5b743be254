"""Accounts with a password: signing up, signing in, changing the profile."""
