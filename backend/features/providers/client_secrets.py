"""What proves to a provider that a request is this server's own."""

import threading
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.jwk import ECKey

from backend.kernel.configuration.providers import ProviderConfig
from backend.kernel.secrets.secret import Secret

_LIFETIME = timedelta(hours=1)  # Apple allows 15,777,000 seconds; what leaks should end soon
_RENEW_BEFORE = timedelta(minutes=10)
_CLOCK_SKEW = timedelta(minutes=1)


class ClientSecrets:
    """The client secrets of all providers: fixed ones, and those that are JWTs and end.

    Apple's is signed by the server itself (developer.apple.com, "Creating a client secret"). It is
    kept until shortly before it ends, and made anew then.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[str, tuple[datetime, Secret]] = {}

    def get(self, provider: ProviderConfig, now: datetime) -> Secret | None:
        """Return the secret that counts now; None for a public client."""
        if provider.private_key is None:
            return provider.client_secret
        with self._lock:
            ends, secret = self._made.get(provider.id, (now, None))
            if secret is None or not now < ends - _RENEW_BEFORE <= now + _LIFETIME:
                ends, secret = now + _LIFETIME, _sign(provider, provider.private_key, now)
                self._made[provider.id] = ends, secret
            return secret


def _sign(provider: ProviderConfig, key: Secret, now: datetime) -> Secret:
    claims = {
        "iss": provider.team_id,
        "sub": provider.client_id,
        "aud": provider.preset.secret_audience,
        "iat": int((now - _CLOCK_SKEW).timestamp()),
        "exp": int((now + _LIFETIME).timestamp()),
    }
    header = {"alg": "ES256", "kid": provider.key_id}
    signed = jwt.encode(header, claims, ECKey.import_key(key.reveal()), algorithms=["ES256"])
    return Secret(signed)
