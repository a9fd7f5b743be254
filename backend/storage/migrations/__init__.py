"""The history of the tables. New steps only add; nothing is renamed or dropped in one release."""

HEAD = "0008"
"""The newest step. Known here so that a start with nothing to do need not import Alembic."""
