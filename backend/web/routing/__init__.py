"""Routing: routes, endpoints, request bodies, and their description in OpenAPI."""
