"""Verifying and changing e-mail addresses by mailed links."""
