"""HTTP endpoints of the panel's API."""

from backend.features.management.routes import lists, log, reset_mail, status

ALL = [status.routes, log.routes, lists.routes, reset_mail.routes]
"""Every endpoint of this feature."""
