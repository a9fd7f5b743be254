"""Opening the database, for the server or for a command beside it."""
