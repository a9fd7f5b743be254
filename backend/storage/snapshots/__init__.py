"""Snapshots of the SQLite file in SNAPSHOT_DIR."""
