"""Speaks to the server over HTTP: the API's client, and the Tester's own requests."""
