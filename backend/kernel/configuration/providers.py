"""The providers that people can sign in with, as the settings name them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from backend.kernel.configuration.provider_presets import ANY, PRESETS, ProviderPreset
from backend.kernel.configuration.signing_keys import parse_p256_key
from backend.kernel.configuration.values import check_characters
from backend.kernel.configuration.web_urls import parse_service_url
from backend.kernel.secrets.secret import Secret

CALLBACK_PATH = "/api/auth/callback/"
HUGGING_FACE = "huggingface"
READ_MEMBERSHIPS = "read-memberships"
"""The Hub's scope with which it tells somebody's organisations and roles."""
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_TENANT = re.compile(r"[a-z0-9][a-z0-9.-]*")
_DISCOVERY = "/.well-known/openid-configuration"
_URLS = ("AUTHORIZATION_URL", "TOKEN_URL", "USERINFO_URL", "JWKS_URL")
_KEYED = ("CLIENT_ID", "TEAM_ID", "KEY_ID", "PRIVATE_KEY")
"""What makes a client secret that is a JWT."""
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
    team_id: str = ""
    key_id: str = ""
    private_key: Secret | None = None
    """These three make the client secret where that is a JWT."""
    owner_scopes: tuple[str, ...] = ()
    """Asked for in the panel only, while there is no admin: they tell who owns the Space."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What nobody but the provider may learn."""
        return tuple(each for each in (self.client_secret, self.private_key) if each)

    @property
    def names_all_endpoints(self) -> bool:
        """Whether the settings leave nothing to a discovery document."""
        return bool(self.authorization_url and self.token_url and self.jwks_url)

    @property
    def reading(self) -> str:
        """Which reading of the profile applies (`features/providers/profiles.py`)."""
        is_plain = self.preset is ANY and not (self.issuer or self.jwks_url)
        return "oauth2" if is_plain else self.preset.profile

    @property
    def host_url(self) -> str:
        """A URL of the provider's own."""
        return self.issuer or self.token_url


def build_provider(provider_id: str, values: Mapping[str, Secret], base_url: str) -> ProviderConfig:
    """Build a provider from what follows OIDC_<ID>_; raises ValueError."""
    preset = PRESETS.get(provider_id, ANY)
    setting = _setting_prefix(provider_id)
    texts = {name: secret.reveal() for name, secret in values.items()}
    _check_values(setting, texts, preset)
    issuer, urls = _find_endpoints(setting, texts, preset)
    key = _parse_key(setting, texts["PRIVATE_KEY"]) if preset.secret_audience else None
    return ProviderConfig(
        provider_id,
        texts.get("NAME") or preset.name or provider_id,
        texts["CLIENT_ID"],
        values.get("CLIENT_SECRET"),
        tuple(re.split(r"[\s,]+", texts["SCOPES"])) if texts.get("SCOPES") else preset.scopes,
        base_url + CALLBACK_PATH + provider_id,
        preset,
        issuer,
        team_id=texts.get("TEAM_ID", ""),
        key_id=texts.get("KEY_ID", ""),
        private_key=key,
        owner_scopes=(),
        **urls,
    )


def build_hub_provider(
    client_id: str, client_secret: Secret | None, scopes: str, issuer: str, host: str
) -> ProviderConfig:
    """Build Hugging Face with the client that the Hub gives a Space with `hf_oauth: true`.

    The Hub lets that client redirect to the Space's own host only.
    """
    preset = PRESETS[HUGGING_FACE]
    allowed = tuple(scopes.split()) or preset.scopes
    return ProviderConfig(
        HUGGING_FACE,
        preset.name,
        client_id,
        client_secret,
        tuple(each for each in allowed if each != READ_MEMBERSHIPS),
        f"https://{host}{CALLBACK_PATH}{HUGGING_FACE}",
        preset,
        _parse_issuer(issuer) if issuer else preset.issuer,
        owner_scopes=tuple(each for each in allowed if each == READ_MEMBERSHIPS),
    )


def split_variables(
    variables: Mapping[str, Secret], provider_ids: tuple[str, ...]
) -> Mapping[str, Mapping[str, Secret]]:
    """Group variables named OIDC_<ID>_<SUFFIX> by provider; raises ValueError for unknown ones."""
    found: dict[str, dict[str, Secret]] = {each: {} for each in provider_ids}
    by_length = sorted(provider_ids, key=len, reverse=True)  # google_work before google
    for name, value in variables.items():
        owners = [each for each in by_length if name.startswith(_setting_prefix(each))]
        if not owners:
            continue  # of a provider that is switched off
        owner = next((each for each in owners if _suffix(name, each) in _suffixes(each)), None)
        if owner is None:
            raise ValueError(f"{name} is no setting; {_suggest(name, owners[0])}")
        found[owner][_suffix(name, owner)] = value
    return found


def list_unused(variables: Mapping[str, Secret], provider_ids: tuple[str, ...]) -> Sequence[str]:
    """Return the names of variables whose provider is none of these."""
    prefixes = tuple(_setting_prefix(each) for each in provider_ids)
    return sorted(name for name in variables if not name.startswith(prefixes))


def list_registered_settings(provider_id: str) -> Sequence[str]:
    """Return the settings for what a provider gives out when an app is registered there."""
    is_keyed = bool(PRESETS.get(provider_id, ANY).secret_audience)
    suffixes = _KEYED if is_keyed else ("CLIENT_ID", "CLIENT_SECRET")
    return [_setting_prefix(provider_id) + each for each in suffixes]


def check_provider_ids(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return ids of providers in lower case; raises ValueError."""
    lowered = tuple(each.lower() for each in ids)
    for each in lowered:
        if not _ID.fullmatch(each):
            raise ValueError(f"{each!r} is not an id such as google or mycompany")
        if each == "credential":
            raise ValueError("credential is how passwords are listed; choose another id")
    prefixes = [_setting_prefix(each) for each in lowered]
    for each, prefix in zip(lowered, prefixes, strict=True):
        if lowered.count(each) > 1:
            raise ValueError(f"names {each} twice")
        if prefixes.count(prefix) > 1:
            raise ValueError(f"has two ids whose settings begin with {prefix}; rename one")
    return lowered


def _setting_prefix(provider_id: str) -> str:
    return f"OIDC_{provider_id.upper().replace('-', '_')}_"


def _suffix(name: str, provider_id: str) -> str:
    return name.removeprefix(_setting_prefix(provider_id))


def _suffixes(provider_id: str) -> tuple[str, ...]:
    return (*SUFFIXES, *PRESETS.get(provider_id, ANY).settings)


def _suggest(name: str, provider_id: str) -> str:
    """Return what somebody may have meant by a name that is no setting."""
    prefix, known = _setting_prefix(provider_id), _suffixes(provider_id)
    bare = {each.replace("_", ""): each for each in known}
    meant = get_close_matches(_suffix(name, provider_id).replace("_", ""), bare, n=1)
    if meant:
        return f"do you mean {prefix}{bare[meant[0]]}?"
    return f"after {prefix} come {', '.join(known)}"


def _check_values(setting: str, texts: Mapping[str, str], preset: ProviderPreset) -> None:
    """Refuse what is missing, or not of one line; raises ValueError."""
    for name, text in texts.items():
        try:
            _ = name == "PRIVATE_KEY" or check_characters(text)
        except ValueError as error:
            raise ValueError(f"{setting}{name} {error}") from None
    required: Sequence[str] = ("CLIENT_ID",)
    if preset.secret_audience:
        required = _KEYED
        if texts.get("CLIENT_SECRET"):
            raise ValueError(
                f"{setting}CLIENT_SECRET must be unset: {preset.name}'s ends after six months at "
                f"most, and is made anew from {setting}PRIVATE_KEY whenever it is needed"
            )
    elif preset.needs_secret:
        required = ("CLIENT_ID", "CLIENT_SECRET")
    missing = [f"{setting}{each}" for each in required if not texts.get(each)]
    if missing:
        owner = preset.name or "the provider"
        verb = "is" if len(missing) == 1 else "are"
        raise ValueError(
            f"{' and '.join(missing)} {verb} missing: {owner} shows them when you register your app"
        )


def _parse_key(setting: str, text: str) -> Secret:
    try:
        return Secret(parse_p256_key(text))
    except ValueError as error:
        raise ValueError(f"{setting}PRIVATE_KEY {error}") from None


def _find_endpoints(
    setting: str, texts: Mapping[str, str], preset: ProviderPreset
) -> tuple[str, dict[str, str]]:
    urls = {}
    for name in _URLS:
        if texts.get(name):
            try:
                urls[name.lower()] = _parse_endpoint(name, texts[name])
            except ValueError as error:
                raise ValueError(f"{setting}{name} {error}") from None
        else:
            urls[name.lower()] = getattr(preset, name.lower())
    issuer = preset.issuer.replace("{tenant}", _find_tenant(setting, texts, preset))
    try:
        issuer = _parse_issuer(texts["ISSUER"]) if texts.get("ISSUER") else issuer
    except ValueError as error:
        raise ValueError(f"{setting}ISSUER {error}") from None
    if not issuer and not (urls["authorization_url"] and urls["token_url"]):
        provider_id = setting.removeprefix("OIDC_").removesuffix("_").lower()
        preset_ids = get_close_matches(provider_id, PRESETS, n=1, cutoff=0.7)
        hint = f" (do you mean the id {preset_ids[0]}?)" if preset_ids else ""
        raise ValueError(
            f"{setting}ISSUER is missing{hint}; where the provider has no discovery document, set "
            f"{setting}AUTHORIZATION_URL, {setting}TOKEN_URL and {setting}USERINFO_URL"
        )
    if not issuer and texts.get("JWKS_URL"):
        raise ValueError(f"{setting}JWKS_URL needs {setting}ISSUER: whose tokens the keys check")
    if not issuer and not urls["userinfo_url"]:
        raise ValueError(f"{setting}USERINFO_URL is missing: it tells who signs in")
    return issuer, urls


def _find_tenant(setting: str, texts: Mapping[str, str], preset: ProviderPreset) -> str:
    tenant = texts.get("TENANT", preset.tenant).lower()
    if tenant and not _TENANT.fullmatch(tenant):
        raise ValueError(
            f"{setting}TENANT must be common, organizations, consumers, or your directory's id or "
            "domain"
        )
    return tenant


def _parse_endpoint(name: str, text: str) -> str:
    """Return an endpoint's URL; these two may have a query of their own (RFC 6749, 3.1 and 3.2)."""
    url, _, query = text.partition("?")
    if name in {"AUTHORIZATION_URL", "TOKEN_URL"} and query and not re.search(r"[\s#]", query):
        return f"{parse_service_url(url)}?{query}"
    return parse_service_url(text)


def _parse_issuer(text: str) -> str:
    """Return an issuer as it names itself, which may end with a slash or not."""
    return parse_service_url(text.removesuffix(_DISCOVERY))
