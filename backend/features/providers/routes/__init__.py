"""HTTP endpoints of signing in with a provider."""

from backend.features.providers.routes import accounts, callback, sign_in

ALL = [sign_in.routes, callback.routes, accounts.routes]
