"""The settings of where the server is, and who else may use its sessions, with their defaults."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from backend.kernel.configuration.cookie_domain import CookieDomain, check_cookie_domain
from backend.kernel.configuration.values import CommaList
from backend.kernel.configuration.web_urls import (
    parse_base_url,
    parse_origin_pattern,
    trusts_everybody,
)


class AddressSettings(BaseModel):
    """The server's own addresses and those of the frontends; a part of `Settings`."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    # Set by Hugging Face, never by hand.
    space_id: str = ""
    space_host: CommaList = ()
    space_author_name: str = ""
    space_creator_user_id: str = ""

    environment: Literal["development", "production"] = "development"
    port: int = Field(7860, ge=0, le=65535)
    public_url: str = ""
    cookie_secure: Literal["auto", "on", "off"] = "auto"
    cookie_domain: CookieDomain = ""
    frontend_url: CommaList = ()

    @field_validator("public_url")
    @classmethod
    def _normalize_url(cls, value: str) -> str:
        return parse_base_url(value) if value else ""

    @field_validator("frontend_url")
    @classmethod
    def _normalize_origins(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(parse_origin_pattern, patterns)))

    @model_validator(mode="after")
    def _is_consistent_about_addresses(self) -> "AddressSettings":
        if self.production and any(map(trusts_everybody, self.frontend_url)):
            raise ValueError(
                "FRONTEND_URL trusts every site with your users' sessions; name your app's origin, "
                "such as https://app.example.com"
            )
        if self.cookie_domain:
            check_cookie_domain(self.cookie_domain, self.base_url)
        return self

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def base_url(self) -> str:
        """The URL in browsers, without a trailing slash; links, cookies and origins use it."""
        if self.public_url:
            return self.public_url
        return (
            f"https://{self.space_host[0]}" if self.space_host else f"http://localhost:{self.port}"
        )

    @property
    def panel_url(self) -> str:
        """Where the panel is: on a Space at the Space itself, even if the app is in front."""
        return (f"https://{self.space_host[0]}" if self.space_host else self.base_url) + "/admin/"

    @property
    def space_owner(self) -> str:
        """The name at the Hub of the person or organisation that the Space belongs to."""
        return self.space_author_name or self.space_id.partition("/")[0]

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies carry `Secure` and the `__Secure-` prefix (ASVS 3.3.1)."""
        if self.cookie_secure == "auto":
            return self.base_url.startswith("https://")
        return self.cookie_secure == "on"

    @property
    def own_origins(self) -> tuple[str, ...]:
        """The origins of this server."""
        own = [self.base_url, *(f"https://{host}" for host in self.space_host)]
        if not self.production:
            own += [f"http://localhost:{self.port}", f"http://127.0.0.1:{self.port}"]
        return tuple(dict.fromkeys(own))

    @property
    def frontends(self) -> tuple[str, ...]:
        """The frontends' origins; patterns such as https://*.vercel.app are allowed."""
        if not self.frontend_url and not self.production:
            return ("http://localhost:3000",)
        return self.frontend_url

    @property
    def trusted_origins(self) -> tuple[str, ...]:
        """The origins of this server and of the frontends."""
        return self.own_origins + self.frontends
