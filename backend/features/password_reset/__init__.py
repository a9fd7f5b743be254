"""Resetting a forgotten password by a mailed link."""
