"""The migrations. A new one only adds; nothing is renamed or dropped within one release."""

HEAD = "0015"
"""The newest revision, so that a start with nothing to migrate need not import Alembic."""
