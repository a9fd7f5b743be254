"""One's own account: changing the password, exporting the data, deleting it."""
