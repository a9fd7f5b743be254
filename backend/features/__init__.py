"""What Gatehouse can do, one folder per feature."""
