"""The JSON of setting providers up."""

from typing import Self

from pydantic import Field

from backend.features.providers.provider_check import Check, Outcome
from backend.kernel.configuration.provider_presets import PRESETS
from backend.kernel.configuration.providers import (
    CALLBACK_PATH,
    ProviderConfig,
    list_registered_settings,
)
from backend.kernel.settings import Settings
from backend.web.wire import Text, WireModel, example

_URI = "https://app.example.com/api/auth/callback/google"


class ProviderSetUp(WireModel):
    """A provider, or a preset that the settings do not name."""

    id: str = Field(examples=["google"])
    name: str = Field(examples=["Google"])
    configured: bool = Field(description="Whether people can sign in with it.", examples=[True])
    by_hub: bool = Field(
        description="Whether the Hub has registered this Space there.", examples=[False]
    )
    redirect_uri: str = Field(description="To be registered there, exactly.", examples=[_URI])
    issuer: str = Field(
        description="Empty without a discovery document.", examples=["https://accounts.google.com"]
    )
    scopes: list[str] = Field(examples=[["email", "profile", "openid"]])
    settings: list[str] = Field(
        description="The settings that it needs.",
        examples=[["OIDC_GOOGLE_CLIENT_ID", "OIDC_GOOGLE_CLIENT_SECRET"]],
    )

    @classmethod
    def of(cls, config: ProviderConfig, settings: Settings) -> Self:
        return cls(
            id=config.id,
            name=config.name,
            configured=True,
            by_hub=config == settings.hub_provider,
            redirect_uri=config.redirect_uri,
            issuer=config.issuer,
            scopes=list(config.scopes),
            settings=list(list_registered_settings(config.id)),
        )

    @classmethod
    def of_preset(cls, provider_id: str, settings: Settings) -> Self:
        preset = PRESETS[provider_id]
        return cls(
            id=provider_id,
            name=preset.name,
            configured=False,
            by_hub=False,
            redirect_uri=settings.base_url + CALLBACK_PATH + provider_id,
            issuer=preset.issuer.replace("{tenant}", preset.tenant),
            scopes=list(preset.scopes),
            settings=list(list_registered_settings(provider_id)),
        )


class ProvidersSetUp(WireModel):
    """The providers of the settings in their order, then the other presets."""

    providers: list[ProviderSetUp]


class CheckProvider(WireModel):
    """Which provider to ask."""

    model_config = example({"provider": "google"})

    provider: Text


class ProviderFinding(WireModel):
    """What one check has found."""

    check: Check = Field(examples=["client"])
    outcome: Outcome = Field(
        description="`unknown` if only somebody who signs in can tell.", examples=["passed"]
    )
    message: str = Field(examples=["It knows the client ID and its secret."])


class ProviderFindings(WireModel):
    """What the checks have found, in their order. Those that could not be made are missing."""

    findings: list[ProviderFinding]
