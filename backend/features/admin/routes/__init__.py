"""Administration over HTTP."""

from backend.features.admin.routes import bans, impersonation, sessions, status, users

ALL = [users.routes, bans.routes, sessions.routes, impersonation.routes, status.routes]
"""Every endpoint of this capability."""
