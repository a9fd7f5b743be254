"""SQL queries, one statement per function, grouped by table."""
