"""What only SQLite needs: its one file, its one writer, its one owner."""
