"""Whether an address belongs to its user: proved by a mailed link, and changed by one."""
