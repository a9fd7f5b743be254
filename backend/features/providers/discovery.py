"""Where a provider's endpoints are, and which keys it signs with: fetched, kept, fetched again."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx2
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from backend.features.providers.errors import ProviderUnavailable
from backend.features.providers.fetching import fetch_json
from backend.features.providers.issuers import is_own_document
from backend.kernel.clock import Clock
from backend.kernel.configuration.providers import ProviderConfig
from backend.kernel.configuration.web_urls import is_loopback, parse_service_url

T = TypeVar("T")
log = structlog.get_logger()

_KEPT = 3600.0  # seconds
_RETRY_AFTER = 10.0  # seconds: neither a broken provider nor forged key ids cause a flood
_PATH = "/.well-known/openid-configuration"
SIGNATURES = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
    | {"Ed25519"}
)
"""With public keys only: a key that we hold too proves nothing (RFC 8725, section 3.1)."""
_DEFAULT_METHODS = ["client_secret_basic"]
"""How a client authenticates where the document says nothing (section 3)."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What we need of a provider's metadata (OpenID Connect Discovery, section 3)."""

    issuer: str
    authorization_url: str
    token_url: str
    userinfo_url: str
    jwks_url: str
    algorithms: tuple[str, ...] = ("RS256",)
    token_auth_methods: tuple[str, ...] = ()
    sign_out_url: str = ""
    """Its page for signing out there too (OpenID Connect RP-Initiated Logout 1.0)."""
    names_issuer: bool = False
    """Whether its answers name it (RFC 9207), so that one without was forged."""


class Kept(Generic[T]):
    """Something fetched from a provider and kept for an hour; safe to use from several threads.

    While one thread fetches it anew, and while the provider is away, the others get the old one.
    """

    def __init__(self, fetch: Callable[[], T], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._value: T | None = None
        self._failure = ProviderUnavailable("it has not answered yet")
        self._due_at = self._again_at = 0.0

    def get(self) -> T:
        """Return it, fetched if it is due; raises ProviderUnavailable if there is none."""
        if self._clock.monotonic() >= self._due_at and self._lock.acquire(
            blocking=self._value is None
        ):
            try:
                if self._clock.monotonic() >= self._due_at:
                    self._refresh()
            finally:
                self._lock.release()
        if self._value is None:
            raise self._failure
        return self._value

    def find(self) -> T | None:
        """Return it as it was fetched last; None before that. Never waits."""
        return self._value

    def get_newer(self, than: T) -> T | None:
        """Return a newer one; None if there is none, or if it was asked for a moment ago."""
        with self._lock:
            if self._value is than and self._may_ask_again():
                self._refresh()
            return None if self._value is than else self._value

    def doubt(self) -> None:
        """Fetch it at the next use, unless it was asked for a moment ago."""
        with self._lock:
            if self._may_ask_again():
                self._due_at = 0.0

    def _may_ask_again(self) -> bool:
        now = self._clock.monotonic()
        if now < self._again_at:
            return False
        self._again_at = now + _RETRY_AFTER
        return True

    def _refresh(self) -> None:
        now = self._clock.monotonic()
        try:
            self._value = self._fetch()
            self._due_at = now + _KEPT
        except ProviderUnavailable as error:
            self._failure = error
            if self._value is not None:  # else whoever needs it says so
                log.warning("provider_unavailable", reason=str(error), used="what it said before")
            self._due_at = self._again_at = now + _RETRY_AFTER


class Discovery:
    """The endpoints and the keys of one provider."""

    def __init__(self, config: ProviderConfig, client: httpx2.Client, clock: Clock) -> None:
        self._config = config
        self._client = client
        self._endpoints = Kept(self._fetch_endpoints, clock)
        self.keys = Kept(self._fetch_keys, clock)

    def find_endpoints(self) -> Endpoints:
        """Return the endpoints; raises ProviderUnavailable."""
        config = self._config
        if config.issuer and not config.names_all_endpoints:
            return self._endpoints.get()
        return Endpoints(
            config.issuer,
            config.authorization_url,
            config.token_url,
            config.userinfo_url,
            config.jwks_url,
            tuple(sorted(SIGNATURES)),
        )

    def doubt_endpoints(self) -> None:
        """Fetch the document at the next use: an endpoint does not work, and may have moved."""
        self._endpoints.doubt()

    def _fetch_endpoints(self) -> Endpoints:
        document = self._get_object(self._config.issuer.rstrip("/") + _PATH)
        return _read_document(self._config, document)

    @property
    def known_sign_out_url(self) -> str:
        """Its page for signing out, if the discovery document has been fetched yet."""
        endpoints = self._endpoints.find()
        return endpoints.sign_out_url if endpoints else ""

    def _fetch_keys(self) -> KeySet:
        url = self.find_endpoints().jwks_url
        keys = self._get_object(url).get("keys")
        if not isinstance(keys, list):
            raise ProviderUnavailable(f"{url} is no set of keys")
        return _import_keys(keys)

    def _get_object(self, url: str) -> dict[str, Any]:
        document = fetch_json(self._client, url)
        if not isinstance(document, dict):
            raise ProviderUnavailable(f"{url} did not answer with an object")
        return document


def _read_document(config: ProviderConfig, document: dict[str, Any]) -> Endpoints:
    """Read a discovery document; raises ProviderUnavailable for one of another issuer.

    What the settings name counts more than what the document does.
    """
    issuer = document.get("issuer")
    if not isinstance(issuer, str) or not is_own_document(config, issuer):
        raise ProviderUnavailable(
            f"its document names another issuer: {str(issuer)[:200]} in place of {config.issuer}"
        )
    urls = {
        name: getattr(config, name) or _read_endpoint(config, document, key)
        for name, key in (
            ("authorization_url", "authorization_endpoint"),
            ("token_url", "token_endpoint"),
            ("userinfo_url", "userinfo_endpoint"),
            ("jwks_url", "jwks_uri"),
        )
    }
    if not (urls["authorization_url"] and urls["token_url"] and urls["jwks_url"]):
        raise ProviderUnavailable("its document lacks an endpoint that sign-in needs")
    algorithms = _read_list(document.get("id_token_signing_alg_values_supported"))
    methods = document.get("token_endpoint_auth_methods_supported", _DEFAULT_METHODS)
    return Endpoints(
        issuer,
        **urls,
        algorithms=tuple(each for each in algorithms if each in SIGNATURES) or ("RS256",),
        token_auth_methods=tuple(_read_list(methods)),
        sign_out_url=_read_endpoint(config, document, "end_session_endpoint"),
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _read_endpoint(config: ProviderConfig, document: dict[str, Any], key: str) -> str:
    """Return an endpoint; raises ProviderUnavailable for one that may not be asked.

    A public provider has none on our own machine (ASVS 15.3.2).
    """
    value = document.get(key)
    if value is None:
        return ""
    try:
        url = parse_service_url(str(value).partition("?")[0])
    except ValueError as error:
        raise ProviderUnavailable(f"its {key} {error}") from None
    if is_loopback(url) and not is_loopback(config.issuer):
        raise ProviderUnavailable(f"its {key} is on our own machine")
    return str(value)


def _read_list(value: Any) -> Sequence[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _import_keys(keys: Sequence[Any]) -> KeySet:
    """Import the keys of kinds that we know, for signatures; others do not spoil them."""
    usable = []
    for each in keys:
        if (
            not isinstance(each, dict)
            or each.get("use", "sig") != "sig"
            or each.get("kty") == "oct"
        ):
            continue
        try:
            usable += KeySet.import_key_set({"keys": [each]}).keys
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return KeySet(usable)
