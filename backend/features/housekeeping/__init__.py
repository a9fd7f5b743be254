"""Throws away what is over."""
