"""The providers that people can sign in with, as the settings name them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from backend.kernel.configuration.provider_presets import ANY, PRESETS, ProviderPreset
from backend.kernel.configuration.web_urls import parse_service_url
from backend.kernel.secrets.secret import Secret

CALLBACK_PATH = "/api/auth/callback/"
HUGGING_FACE = "huggingface"
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_DISCOVERY = "/.well-known/openid-configuration"
_URLS = ("AUTHORIZATION_URL", "TOKEN_URL", "USERINFO_URL", "JWKS_URL")
SUFFIXES = ("CLIENT_ID", "CLIENT_SECRET", "SCOPES", "NAME", "ISSUER", *_URLS)
"""What a setting about a provider can end with."""


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One provider: who we are to it, where its endpoints are, and what is peculiar about it."""

    id: str
    name: str
    """For people."""
    client_id: str
    client_secret: Secret | None
    """None for a public client, which PKCE alone protects."""
    scopes: tuple[str, ...]
    redirect_uri: str
    """Where it sends browsers back to, exactly as it is registered there (RFC 9700, 2.1)."""
    preset: ProviderPreset
    issuer: str = ""
    """Empty if there is no discovery document; the endpoints below are then all there is."""
    authorization_url: str = ""
    token_url: str = ""
    userinfo_url: str = ""
    jwks_url: str = ""

    @property
    def host_url(self) -> str:
        """A URL of the provider's own."""
        return self.issuer or self.token_url


def build_provider(provider_id: str, values: Mapping[str, Secret], base_url: str) -> ProviderConfig:
    """Build a provider from what follows OIDC_<ID>_; raises ValueError."""
    preset = PRESETS.get(provider_id, ANY)
    setting = _setting_prefix(provider_id)
    texts = {name: secret.reveal() for name, secret in values.items()}
    client_id = texts.get("CLIENT_ID", "")
    if not client_id:
        raise ValueError(f"{setting}CLIENT_ID is missing: the provider gives it to your app")
    issuer, urls = _find_endpoints(setting, texts, preset)
    return ProviderConfig(
        provider_id,
        texts.get("NAME") or preset.name or provider_id,
        client_id,
        values.get("CLIENT_SECRET"),
        tuple(re.split(r"[\s,]+", texts["SCOPES"])) if texts.get("SCOPES") else preset.scopes,
        base_url + CALLBACK_PATH + provider_id,
        preset,
        issuer,
        **urls,
    )


def build_hub_provider(
    client_id: str, client_secret: Secret | None, scopes: str, issuer: str, host: str
) -> ProviderConfig:
    """Build Hugging Face with the client that the Hub gives a Space with `hf_oauth: true`.

    The Hub lets that client redirect to the Space's own host only.
    """
    preset = PRESETS[HUGGING_FACE]
    return ProviderConfig(
        HUGGING_FACE,
        preset.name,
        client_id,
        client_secret,
        tuple(scopes.split()) or preset.scopes,
        f"https://{host}{CALLBACK_PATH}{HUGGING_FACE}",
        preset,
        _parse_issuer(issuer) if issuer else preset.issuer,
    )


def split_variables(
    variables: Mapping[str, Secret], provider_ids: tuple[str, ...]
) -> Mapping[str, Mapping[str, Secret]]:
    """Group variables named OIDC_<ID>_<SUFFIX> by provider; raises ValueError for unknown ones."""
    found: dict[str, dict[str, Secret]] = {each: {} for each in provider_ids}
    by_length = sorted(provider_ids, key=len, reverse=True)  # google_work before google
    for name, value in variables.items():
        owner = next((each for each in by_length if name.startswith(_setting_prefix(each))), None)
        if owner is None:
            continue  # of a provider that is switched off
        suffix = name.removeprefix(_setting_prefix(owner))
        if suffix not in SUFFIXES:
            raise ValueError(
                f"{name} is no setting; after OIDC_{owner.upper()}_ come {', '.join(SUFFIXES)}"
            )
        found[owner][suffix] = value
    return found


def check_provider_ids(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return ids of providers in lower case; raises ValueError."""
    lowered = tuple(each.lower() for each in ids)
    for each in lowered:
        if not _ID.fullmatch(each):
            raise ValueError(f"{each!r} is not an id such as google or mycompany")
        if each == "credential":
            raise ValueError("credential is how passwords are listed; choose another id")
    if len(set(lowered)) < len(lowered):
        raise ValueError("names a provider twice")
    return lowered


def _setting_prefix(provider_id: str) -> str:
    return f"OIDC_{provider_id.upper().replace('-', '_')}_"


def _find_endpoints(
    setting: str, texts: Mapping[str, str], preset: ProviderPreset
) -> tuple[str, dict[str, str]]:
    urls = {}
    for name in _URLS:
        if texts.get(name):
            try:
                urls[name.lower()] = parse_service_url(texts[name])
            except ValueError as error:
                raise ValueError(f"{setting}{name} {error}") from None
        else:
            urls[name.lower()] = getattr(preset, name.lower())
    try:
        issuer = _parse_issuer(texts["ISSUER"]) if texts.get("ISSUER") else preset.issuer
    except ValueError as error:
        raise ValueError(f"{setting}ISSUER {error}") from None
    if not issuer and not (urls["authorization_url"] and urls["token_url"]):
        raise ValueError(
            f"{setting}ISSUER is missing; where the provider has no discovery document, set "
            f"{setting}AUTHORIZATION_URL, {setting}TOKEN_URL and {setting}USERINFO_URL"
        )
    if not issuer and not urls["userinfo_url"]:
        raise ValueError(f"{setting}USERINFO_URL is missing: it tells who signs in")
    return issuer, urls


def _parse_issuer(text: str) -> str:
    """Return an issuer as it names itself, which may end with a slash or not."""
    return parse_service_url(text.removesuffix(_DISCOVERY))
