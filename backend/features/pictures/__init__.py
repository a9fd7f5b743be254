"""Pictures of users, served."""
