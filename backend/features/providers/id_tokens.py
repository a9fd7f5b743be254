"""Validation of ID tokens (OpenID Connect Core, section 3.1.3.7; RFC 8725)."""

import hmac
import json
from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import KeySet

from backend.features.providers.discovery import Endpoints
from backend.features.providers.errors import ProviderError
from backend.features.providers.issuers import is_own_token
from backend.kernel.clock import Clock
from backend.kernel.configuration.providers import ProviderConfig
from backend.kernel.secrets.secret import Secret

CLOCK_SKEW = 30  # seconds between the provider's clock and ours


class UnknownKey(Exception):
    """None of the keys has signed the token: the provider may have new ones."""


class _Registry(jws.JWSRegistry):
    """Reads tokens with parameters that we do not know, and with certificates in their header."""

    max_header_length = 8192  # bytes

    def __init__(self, algorithms: Collection[str] = ()) -> None:
        super().__init__(algorithms=[*algorithms], strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        """Return an algorithm that is allowed, without a warning of EdDSA's older name."""
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError(f"{name} is not allowed")
        return self.algorithms[name]


def verify_id_token(
    token: str,
    keys: KeySet,
    endpoints: Endpoints,
    config: ProviderConfig,
    nonce: str | None,
    clock: Clock,
) -> Mapping[str, Any]:
    """Return the claims of a genuine token; raises UnknownKey or ProviderError.

    The algorithm is one that the provider announces, and its key of that kind: the token's own word
    counts for nothing. Without a nonce none is compared.
    """
    claims = _verify_signature(token, keys, endpoints.algorithms)
    registry = jwt.JWTClaimsRegistry(
        now=int(clock.now().timestamp()),
        leeway=CLOCK_SKEW,
        aud={"essential": True, "value": config.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        registry.validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise _refuse(f"{type(error).__name__}: {error}") from None
    if not is_own_token(config, endpoints.issuer, claims):
        raise _refuse("another issuer has signed it")
    party = claims.get("azp")
    if party is not None and nonce is not None and party != config.client_id:
        raise _refuse("it was issued to another client (azp)")
    if nonce is not None and not _is_own_nonce(config, claims.get("nonce"), nonce):
        raise _refuse("its nonce is not the one of this sign-in")
    _check_age(config, claims, clock)
    return claims


def read_claims(token: Secret) -> Mapping[str, Any]:
    """Return the claims of a token that was verified before; raises ProviderError."""
    try:
        claims = json.loads(jws.extract_compact(token.reveal().encode()).payload)
    except (JoseError, ValueError, TypeError) as error:
        raise _refuse(f"it is no JWT: {error}") from None
    return claims if isinstance(claims, dict) else {}


def _is_own_nonce(config: ProviderConfig, claim: Any, nonce: str) -> bool:
    expected = [nonce]
    if config.preset.nonce_may_be_hashed:
        expected.append(sha256(_encode(nonce)).hexdigest())
    told = _encode(claim) if isinstance(claim, str) else b""
    return any(hmac.compare_digest(told, _encode(each)) for each in expected)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _check_age(config: ProviderConfig, claims: Mapping[str, Any], clock: Clock) -> None:
    """Refuse an ID token that was issued long ago, as Better Auth does for this provider."""
    max_age, issued_at = config.preset.id_token_max_age, claims.get("iat")
    if not max_age:
        return
    now = clock.now().timestamp()
    if not isinstance(issued_at, int | float) or now - issued_at > max_age + CLOCK_SKEW:
        raise _refuse("it was issued too long ago")


def _verify_signature(token: str, keys: KeySet, allowed: Collection[str]) -> dict[str, Any]:
    """Return the claims of a token that one of the keys has signed.

    Raises UnknownKey if the token names none of them, and ProviderError if it is forged.
    """
    try:
        header = jws.extract_compact(token.encode(), registry=_Registry()).headers()
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise _refuse(f"it is no JWT: {error}") from None
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in allowed:
        raise _refuse(f"the provider does not sign with {str(algorithm)[:20]!r}")
    candidates = [
        key
        for key in keys
        if (key_id is None or key.kid == key_id) and key.as_dict().get("alg") in {None, algorithm}
    ]
    if not candidates:
        raise UnknownKey
    for key in candidates:
        try:
            return jwt.decode(token, key, registry=_Registry(algorithms=[algorithm])).claims
        except (JoseError, ValueError, TypeError, RecursionError):
            continue  # of several keys without an id another one may have signed it
    if key_id is None:
        raise UnknownKey
    raise _refuse("its signature is not the provider's")


def _refuse(reason: str) -> ProviderError:
    return ProviderError("unable_to_get_user_info", f"ID token: {reason}")
