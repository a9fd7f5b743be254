"""Gatehouse's API: accounts and sessions over HTTP, as the Better Auth client speaks it."""

__version__ = "0.1.0"
