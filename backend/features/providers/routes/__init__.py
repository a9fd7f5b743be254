"""HTTP endpoints of signing in with a provider."""

from backend.features.providers.routes import accounts, callback, expo, set_up, sign_in

ALL = [sign_in.routes, expo.routes, callback.routes, accounts.routes, set_up.routes]
