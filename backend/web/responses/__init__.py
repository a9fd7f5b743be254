"""Responses: JSON, redirects, streams and downloads."""
