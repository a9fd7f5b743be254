"""The audit trail and its figures, for admins to read."""
