"""What is known of the providers that many people have an account with, and how they differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ProviderPreset:
    """One kind of provider. Endpoints that are empty come from its discovery document."""

    name: str
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    issuer: str = ""
    """Where the discovery document is; none for what speaks OAuth 2.0 only."""
    authorization_url: str = ""
    token_url: str = ""
    userinfo_url: str = ""
    jwks_url: str = ""
    token_auth_method: str = "client_secret_post"  # noqa: S105  a method, not a secret
    response_mode: str = ""
    """form_post if the callback comes as a form."""
    authorization_params: Mapping[str, str] = field(default_factory=dict)
    """Further parameters of the authorization URL."""
    profile: str = "openid"
    """Which reading of the profile applies (`features/providers/profiles.py`)."""


PRESETS: Mapping[str, ProviderPreset] = {
    "huggingface": ProviderPreset("Hugging Face", issuer="https://huggingface.co"),
}
ANY = ProviderPreset("")
"""A provider that is no preset: it behaves as OpenID Connect says."""
