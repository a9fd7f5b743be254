"""Whose ID tokens count as a provider's own, where that is more than one name."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from backend.kernel.configuration.providers import ProviderConfig

_TENANT = "{tenantid}"
_TENANT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of all personal Microsoft accounts."""


def is_own_document(provider: ProviderConfig, issuer: Any) -> bool:
    """Tell whether a discovery document may name this issuer (OpenID Connect Discovery 1.0, 4.3).

    A slash at its end does not matter: it is lost when the document's address is pasted.
    Microsoft's names the tenant by its id, or as {tenantid} for several; the host must be the same.
    """
    if not isinstance(issuer, str):
        return False
    if not provider.preset.tenant:
        return issuer.removesuffix("/") == provider.issuer.removesuffix("/")
    tenant, own = urlsplit(issuer).path.split("/")[1:2], urlsplit(provider.issuer)
    return bool(tenant) and issuer == f"{own.scheme}://{own.netloc}/{tenant[0]}/v2.0"


def is_own_token(provider: ProviderConfig, issuer: str, claims: Mapping[str, Any]) -> bool:
    """Tell whether an ID token is of this provider, whose discovery document names this issuer.

    Everybody can have a tenant at Microsoft, all of which sign with the same keys: a token must
    name the tenant that it is of, and that tenant must be one of those that were meant.
    """
    if not provider.preset.tenant:
        return claims.get("iss") in (issuer, *provider.preset.other_issuers)
    tenant = claims.get("tid")
    if not isinstance(tenant, str) or not _TENANT_ID.fullmatch(tenant):
        return False
    meant = urlsplit(provider.issuer).path.split("/")[1]
    if (meant == "organizations" and tenant == _CONSUMERS) or (
        meant == "consumers" and tenant != _CONSUMERS
    ):
        return False
    return bool(claims.get("iss") == issuer.replace(_TENANT, tenant))
