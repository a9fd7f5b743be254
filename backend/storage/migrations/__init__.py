"""The migrations. A new one only adds; nothing is renamed or dropped within one release."""

HEAD = "0014"
"""The newest revision, so that a start with nothing to migrate need not import Alembic."""
