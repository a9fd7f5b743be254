"""Trying the app without an account, and becoming a user with one."""
