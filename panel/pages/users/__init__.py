"""Users: list, detail, and what an admin can do to one."""
