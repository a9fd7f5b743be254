"""Moving in and out: users from a file, and into one."""
