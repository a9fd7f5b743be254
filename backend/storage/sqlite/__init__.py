"""What only SQLite needs: checks of its file, one writer at a time, one server."""
