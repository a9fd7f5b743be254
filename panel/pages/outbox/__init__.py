"""Outbox: mails that wait, left or failed."""
