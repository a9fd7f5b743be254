"""Logging: its setup, the latest lines, and crashes."""
