"""Opening the database: for the server, and for a command beside it."""
