"""Checks: runs the doctor against this server."""
