"""From a path to its handler: routes, endpoints, bodies, and their description in OpenAPI."""
