"""Snapshots of the SQLite file: taken, kept, restored."""
