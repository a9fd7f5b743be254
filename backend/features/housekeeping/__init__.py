"""Deletes expired rows."""
