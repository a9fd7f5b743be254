"""HTTP endpoints of signing in with a mailed link."""

from backend.features.magic_link.routes import endpoints

ALL = [endpoints.routes, endpoints.confirmation_routes]
