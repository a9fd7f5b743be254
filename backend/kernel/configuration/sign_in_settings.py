"""The settings of signing up and signing in, with their defaults."""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from backend.kernel.configuration.relying_parties import parse_passkey_origins, parse_rp_id
from backend.kernel.configuration.values import CommaList, HiddenText
from backend.kernel.configuration.web_urls import parse_host, parse_service_url
from backend.kernel.timestamps import MAX_LIFETIME


class SignInSettings(BaseModel):
    """Which ways to sign in there are, and what they ask for; a part of `Settings`."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    sign_up: bool = True
    sign_in_after_sign_up: bool = True
    change_email: bool = True
    delete_user: bool = True
    require_verified_email: bool = False
    sign_in_after_verification: bool = False
    resend_verification_on_sign_in: bool = False
    reset_revokes_sessions: bool = True
    delete_user_needs_link: bool = False
    username: bool = True
    magic_link: bool = True
    magic_link_sign_up: bool = True
    email_code: bool = True
    passkeys: bool = True
    passkey_rp_id: Annotated[str, AfterValidator(parse_rp_id)] = ""
    passkey_origins: Annotated[CommaList, AfterValidator(parse_passkey_origins)] = ()
    anonymous_sign_in: bool = False
    multi_session: bool = False
    two_factor: bool = True
    require_two_factor_for: Literal["none", "admins", "everybody"] = "none"
    verification_link_lifetime: int = Field(3600, ge=1, le=MAX_LIFETIME)
    reset_link_lifetime: int = Field(3600, ge=1, le=MAX_LIFETIME)
    magic_link_lifetime: int = Field(300, ge=1, le=MAX_LIFETIME)
    email_code_lifetime: int = Field(300, ge=1, le=MAX_LIFETIME)

    breached_passwords: str = "common"
    """`common`, `off`, or the URL of a service."""
    captcha_provider: Literal["none", "turnstile", "hcaptcha", "recaptcha"] = "none"
    captcha_site_key: str = ""
    captcha_secret: HiddenText | None = None
    captcha_hostnames: CommaList = ()
    captcha_action: str = ""
    captcha_min_score: float = Field(0.5, ge=0, le=1)
    captcha_verify_url: str = ""

    @property
    def breached_passwords_url(self) -> str:
        """The URL of the service that knows breached passwords; empty if none is asked."""
        return self.breached_passwords if "://" in self.breached_passwords else ""

    @field_validator("breached_passwords")
    @classmethod
    def _check_breached_passwords(cls, value: str) -> str:
        if value.lower() in {"common", "off"}:
            return value.lower()
        if "://" not in value:
            raise ValueError(
                "must be common, off, or the URL of a service such as "
                "https://api.pwnedpasswords.com/range/"
            )
        return parse_service_url(value).rstrip("/") + "/"

    @field_validator("captcha_verify_url")
    @classmethod
    def _check_captcha_verify_url(cls, value: str) -> str:
        return parse_service_url(value) if value else ""

    @field_validator("captcha_hostnames")
    @classmethod
    def _normalize_captcha_hostnames(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if "/" in host or parse_host(host) is None:
                raise ValueError(f"{host!r} is not a host such as app.example.com")
        return tuple(str(parse_host(host)) for host in hosts)

    @model_validator(mode="after")
    def _is_consistent_about_signing_in(self) -> "SignInSettings":
        if self.require_two_factor_for != "none" and not self.two_factor:
            raise ValueError("REQUIRE_TWO_FACTOR_FOR needs TWO_FACTOR=on")
        has_keys = bool(self.captcha_site_key and self.captcha_secret)
        if self.captcha_provider != "none" and not has_keys:
            raise ValueError(
                "CAPTCHA_PROVIDER needs CAPTCHA_SITE_KEY and CAPTCHA_SECRET; the provider's "
                "dashboard shows both"
            )
        if self.captcha_provider == "hcaptcha" and self.captcha_action:
            raise ValueError("CAPTCHA_ACTION must be unset: hCaptcha's tokens name no action")
        return self
