"""The settings of signing in with a provider, with their defaults."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_settings import NoDecode, PydanticBaseSettingsSource
from pydantic_settings.sources import EnvSettingsSource

from backend.kernel.configuration.address_settings import AddressSettings
from backend.kernel.configuration.providers import (
    HUGGING_FACE,
    ProviderConfig,
    build_hub_provider,
    build_provider,
    check_provider_ids,
    list_unused,
    split_variables,
)
from backend.kernel.configuration.values import CommaList, HiddenText, clean
from backend.kernel.secrets.secret import Secret

_PREFIX = "oidc_"


def _hide(values: Mapping[str, Any]) -> Mapping[str, Secret]:
    """Wrap the values of variables, some of which are secrets; empty ones are left out."""
    texts = {name.upper(): value for name, value in values.items()}
    return {
        name: value if isinstance(value, Secret) else Secret(clean(value, name))
        for name, value in texts.items()
        if isinstance(value, Secret) or clean(value, name)
    }


class ProviderSettings(AddressSettings):
    """Who people can sign in with; a part of `Settings`."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    # Set by Hugging Face for a Space with `hf_oauth: true`, never by hand.
    oauth_client_id: str = ""
    oauth_client_secret: HiddenText | None = None
    oauth_scopes: str = ""
    openid_provider_url: str = ""

    oidc_providers: Annotated[CommaList, AfterValidator(check_provider_ids)] = ()
    oidc: Annotated[Mapping[str, Secret], NoDecode, BeforeValidator(_hide)] = Field(
        default_factory=dict
    )
    """All variables named OIDC_<ID>_...; see `ProviderVariables`."""

    @model_validator(mode="after")
    def _is_consistent_about_providers(self) -> "ProviderSettings":
        _ = self.providers  # raises if one is incomplete
        return self

    @cached_property
    def providers(self) -> tuple[ProviderConfig, ...]:
        """The providers that people can sign in with, in the order of OIDC_PROVIDERS.

        A client of one's own for Hugging Face counts more than the Hub's.
        """
        variables = split_variables(self.oidc, self.oidc_providers)
        built = []
        for each in self.oidc_providers:
            is_hubs = each == HUGGING_FACE and not variables[each].get("CLIENT_ID")
            hub = self.hub_provider if is_hubs else None
            built.append(hub or build_provider(each, variables[each], self.base_url))
        hub = self.hub_provider
        if hub is not None and HUGGING_FACE not in self.oidc_providers:
            built.insert(0, hub)
        return tuple(built)

    @property
    def unused_provider_settings(self) -> Sequence[str]:
        """The variables of providers that OIDC_PROVIDERS does not name."""
        return list_unused(self.oidc, self.oidc_providers)

    @property
    def hub_provider(self) -> ProviderConfig | None:
        """Hugging Face with the client that the Hub made for this Space, if it made one."""
        if not (self.oauth_client_id and self.space_host):
            return None
        return build_hub_provider(
            self.oauth_client_id,
            self.oauth_client_secret,
            self.oauth_scopes,
            self.openid_provider_url,
            self.space_host[0],
        )


class ProviderVariables(PydanticBaseSettingsSource):
    """Collects the variables named OIDC_<ID>_...: their names depend on OIDC_PROVIDERS."""

    def __init__(
        self, settings_class: type[BaseModel], *sources: PydanticBaseSettingsSource
    ) -> None:
        super().__init__(settings_class)  # type: ignore[arg-type]
        self._sources = [each for each in sources if isinstance(each, EnvSettingsSource)]

    def get_field_value(self, *_: Any) -> tuple[Any, str, bool]:
        """Needed by the base class; fields are not asked one by one."""
        return None, "", False

    def __call__(self) -> dict[str, Any]:
        """Return the field with the variables of all sources; the first source wins."""
        found: dict[str, str] = {}
        for source in reversed(self._sources):
            for name, value in source.env_vars.items():
                if name.lower().startswith(_PREFIX) and name.lower() != "oidc_providers" and value:
                    found[name] = value
        return {"oidc": found} if found else {}
