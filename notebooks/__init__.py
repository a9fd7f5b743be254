"""Notebooks that prove a deployment and explain it: clients of the API, as anybody could write."""
