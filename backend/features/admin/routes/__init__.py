"""HTTP endpoints of Better Auth's admin plugin."""

from backend.features.admin.routes import bans, first_admin, impersonation, sessions, users

ALL = [users.routes, bans.routes, sessions.routes, impersonation.routes, first_admin.routes]
"""Every endpoint of this feature."""
