"""Codes by mail: to sign in, verify an address, choose a new password, or change the address."""
