"""What is known of the providers that many people have an account with, and how they differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ProviderPreset:
    """One kind of provider. Endpoints that are empty come from its discovery document."""

    name: str
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    """In Better Auth's order."""
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
    addresses_path: str = ""
    """Where below the userinfo endpoint all addresses are, with what is verified."""
    id_token_is_complete: bool = False
    """Whether the ID token says all that there is to know: the userinfo endpoint is not asked."""
    userinfo_has_more: bool = False
    """Whether the userinfo endpoint is asked even if the ID token has an address and a name."""
    id_token_max_age: int = 0
    """Seconds after which an ID token counts no more, though it has not ended; 0 for no limit."""
    nonce_may_be_hashed: bool = False
    """Whether an ID token may have the SHA-256 of the nonce in place of it."""
    response_issuer: str = ""
    """What the callback's `iss` is where there is no discovery document (RFC 9207)."""
    other_issuers: tuple[str, ...] = ()
    """What else an ID token's `iss` may be."""
    tenant: str = ""
    """Whose accounts are meant by default, where {tenant} stands in the issuer. Then each tenant is
    an issuer of its own, and the discovery document of several names them as {tenantid}."""
    needs_secret: bool = False
    """Whether it has no public clients, which PKCE alone protects."""
    secret_audience: str = ""
    """The `aud` of a client secret that is a JWT, made from TEAM_ID, KEY_ID and PRIVATE_KEY."""

    @property
    def settings(self) -> tuple[str, ...]:
        """What its settings can end with besides those of every provider."""
        key = ("TEAM_ID", "KEY_ID", "PRIVATE_KEY") if self.secret_audience else ()
        return (*key, "TENANT") if self.tenant else key


PRESETS: Mapping[str, ProviderPreset] = {
    "huggingface": ProviderPreset(
        "Hugging Face", issuer="https://huggingface.co", userinfo_has_more=True
    ),
    "google": ProviderPreset(
        "Google",
        scopes=("email", "profile", "openid"),
        issuer="https://accounts.google.com",
        other_issuers=("accounts.google.com",),  # what Google called itself before the standard
        authorization_params={"include_granted_scopes": "true"},
        id_token_is_complete=True,
        id_token_max_age=3600,
        needs_secret=True,
    ),
    "github": ProviderPreset(
        "GitHub",
        scopes=("read:user", "user:email"),
        authorization_url="https://github.com/login/oauth/authorize",
        token_url="https://github.com/login/oauth/access_token",  # noqa: S106  a URL
        userinfo_url="https://api.github.com/user",
        profile="github",
        addresses_path="/emails?per_page=100",  # by default GitHub lists thirty
        needs_secret=True,
    ),
    "microsoft": ProviderPreset(
        "Microsoft",
        scopes=("openid", "profile", "email", "User.Read", "offline_access"),
        issuer="https://login.microsoftonline.com/{tenant}/v2.0",
        profile="microsoft",
        id_token_is_complete=True,
        id_token_max_age=3600,
        tenant="common",
        needs_secret=True,
    ),
    "gitlab": ProviderPreset("GitLab", issuer="https://gitlab.com"),
    "discord": ProviderPreset(
        "Discord",
        scopes=("identify", "email"),
        authorization_url="https://discord.com/api/oauth2/authorize",
        token_url="https://discord.com/api/oauth2/token",  # noqa: S106  a URL
        userinfo_url="https://discord.com/api/users/@me",
        authorization_params={"prompt": "none"},  # no second consent to what was consented to
        profile="discord",
        response_issuer="https://discord.com",
    ),
    "apple": ProviderPreset(
        "Apple",
        scopes=("email", "name"),
        issuer="https://appleid.apple.com",
        response_mode="form_post",  # without it Apple refuses these scopes
        profile="apple",
        id_token_is_complete=True,
        id_token_max_age=3600,
        nonce_may_be_hashed=True,  # apps on Apple's devices send the digest
        secret_audience="https://appleid.apple.com",  # noqa: S106  a URL
    ),
}
ANY = ProviderPreset("")
"""A provider that is no preset: it behaves as OpenID Connect says."""
