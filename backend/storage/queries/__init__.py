"""One plain SQL statement per function, by table."""
