"""Administration over HTTP."""

from backend.features.admin.routes import (
    bans,
    impersonation,
    lists,
    log,
    reset_mail,
    sessions,
    status,
    users,
)

ALL = [
    users.routes,
    bans.routes,
    sessions.routes,
    impersonation.routes,
    status.routes,
    log.routes,
    lists.routes,
    reset_mail.routes,
]
"""Every endpoint of this capability."""
