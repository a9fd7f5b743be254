"""Importing users from a file, and exporting them into one."""
