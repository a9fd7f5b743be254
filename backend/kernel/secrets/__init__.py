"""Secrets: their types, the key ring, signatures, encryption and session tokens."""
