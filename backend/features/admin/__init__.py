"""Better Auth's admin plugin: users, bans, sessions, impersonation, permissions."""
