"""HTTP endpoints of Better Auth's admin plugin."""

from backend.features.admin.routes import bans, impersonation, sessions, users

ALL = [users.routes, bans.routes, sessions.routes, impersonation.routes]
"""Every endpoint of this feature."""
