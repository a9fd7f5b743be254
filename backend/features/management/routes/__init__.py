"""HTTP endpoints of the panel's API."""

from backend.features.management.routes import (
    accounts,
    lists,
    log,
    passkeys,
    reset_mail,
    second_factors,
    status,
)

ALL = [
    status.routes,
    log.routes,
    lists.routes,
    reset_mail.routes,
    second_factors.routes,
    passkeys.routes,
    accounts.routes,
]
"""Every endpoint of this feature."""
