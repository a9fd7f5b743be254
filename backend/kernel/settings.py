"""All settings with their defaults. Only this module reads the environment.

Operators rely on the names; each is explained in .env.example.
"""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from backend.kernel.configuration.dot_env import DotEnvError, find_encoding
from backend.kernel.configuration.provider_settings import ProviderSettings, ProviderVariables
from backend.kernel.configuration.relying_parties import (
    RelyingParties,
    build_relying_parties,
    is_on_localhost,
)
from backend.kernel.configuration.sign_in_settings import SignInSettings
from backend.kernel.configuration.values import (
    HiddenPassword,
    HiddenText,
    HiddenTexts,
    MailSubjects,
    Networks,
    Rate,
    RedisUrl,
    check_characters,
    clean,
    describe_error,
    split_keys,
    split_list,
)
from backend.kernel.redaction import Redactor, secrets_in_url
from backend.kernel.secrets.secret import Secret
from backend.kernel.timestamps import MAX_LIFETIME

PRIVATE_NETWORKS = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"

_DOT_ENV = Path(".env")
_CASELESS = (
    "log_level",
    "log_format",
    "environment",
    "cookie_secure",
    "rate_limit_per_user",
    "require_two_factor_for",
    "captcha_provider",
)
# Values that may have several lines.
_MULTILINE = {"frontend_url", "mail_subjects", "secret_key", "secret_keys_old", "trusted_proxies"}


class SettingsError(Exception):
    """The settings are invalid; each line of the message says what is wrong and what to do."""


class Settings(ProviderSettings, SignInSettings, BaseSettings):
    """The settings of a server, read once at start."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,  # a refused value may be a secret
    )

    # Set by Hugging Face, never by hand.
    cpu_cores: float | None = Field(None, gt=0, le=1000)

    host: str = "0.0.0.0"  # noqa: S104  a Space must be reachable from outside its container
    app_name: str = Field("Gatehouse", min_length=1, max_length=60)

    database_url: HiddenText | None = None
    database_url_direct: HiddenText | None = None
    data_dir: Path = Path("data")
    snapshot_dir: Path | None = None

    secret_key: HiddenText | None = None
    secret_keys_old: HiddenTexts = ()

    trusted_proxies: Networks = split_list(PRIVATE_NETWORKS)
    frontend_proxy_key: HiddenText | None = None

    admin_email: str = ""
    admin_password: HiddenPassword | None = None

    smtp_url: HiddenText | None = None
    mail_api_url: str = ""
    mail_api_key: HiddenText | None = None
    mail_from: str = ""
    mail_subjects: MailSubjects = Field(default_factory=dict)
    mailbox_file: Path | None = None
    audit_retention_days: int = Field(90, ge=1, le=36_500)

    session_lifetime: int = Field(604_800, ge=1, le=MAX_LIFETIME)
    session_refresh_after: int = Field(86_400, ge=0, le=MAX_LIFETIME)
    session_fresh_for: int = Field(86_400, ge=0, le=MAX_LIFETIME)
    session_max_age: int = Field(2_592_000, ge=1, le=MAX_LIFETIME)
    session_cache_size: int = Field(100_000, ge=0)

    password_min: int = Field(8, ge=1)
    password_max: int = Field(128, ge=8, le=4096)
    strict: bool = True
    bcrypt_rounds: int = Field(12, ge=4, le=20)
    hash_threads: int = Field(
        # A container sees its host's processors; a Space is told how many are its own.
        default_factory=lambda data: max(1, int(data.get("cpu_cores") or os.cpu_count() or 1)),
        ge=1,
        le=1000,
    )
    hash_nice: int = Field(19, ge=0, le=19)
    hash_queue: int = Field(32, ge=1, le=1000)
    one_processor: bool = True

    rate_limits: bool = True
    rate_limit_per_user: Rate = "10/minute"
    redis_url: RedisUrl | None = None

    body_limit: int = Field(65_536, ge=1024)
    receive_timeout: float = Field(20, gt=0, le=3600)
    docs: bool = Field(default_factory=lambda data: data.get("environment") == "development")
    panel: bool = True
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "text"] = Field(
        default_factory=lambda data: "json" if data.get("environment") == "production" else "text"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the variables of providers as well, whose names depend on OIDC_PROVIDERS."""
        variables = ProviderVariables(settings_cls, env_settings, dotenv_settings)
        return (init_settings, variables, env_settings, dotenv_settings)

    @model_validator(mode="before")
    @classmethod
    def _clean(cls, data: dict[str, Any]) -> dict[str, Any]:
        key, old = data.get("secret_key"), data.get("secret_keys_old", ())
        if isinstance(key, str) and clean(key, "SECRET_KEY") != key:
            # It may have signed as it is pasted: then sessions and waiting mails depend on it.
            data = {**data, "secret_keys_old": (*split_keys(old), key)}
        texts = {
            name: clean(text, name.upper())
            for name, text in data.items()
            if isinstance(text, str) and name in cls.model_fields
        }
        return {
            name: texts.get(name, value) for name, value in data.items() if texts.get(name) != ""
        }

    @model_validator(mode="before")
    @classmethod
    def _default_to_production_in_a_space(cls, data: dict[str, Any]) -> dict[str, Any]:
        if data.get("space_id"):
            data.setdefault("environment", "production")
        return data

    @field_validator("*", mode="before")
    @classmethod
    def _check_characters(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str) and info.field_name not in _MULTILINE:
            return check_characters(value)
        return value

    @field_validator(*_CASELESS, mode="before")
    @classmethod
    def _lowercase(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("host")
    @classmethod
    def _drop_brackets(cls, host: str) -> str:
        return host.removeprefix("[").removesuffix("]")  # an IPv6 address as URLs have it

    @field_validator("data_dir", "snapshot_dir", "mailbox_file")
    @classmethod
    def _expand_home(cls, path: Path | None) -> Path | None:
        return path.expanduser() if path else None

    @model_validator(mode="after")
    def _is_consistent(self) -> "Settings":
        if self.production and self.bcrypt_rounds < 10:
            raise ValueError("BCRYPT_ROUNDS below 10 is too weak for production; use 12")
        _ = self.relying_parties  # raises if PASSKEY_RP_ID or PASSKEY_ORIGINS is wrong
        if self.password_min > self.password_max:
            raise ValueError("PASSWORD_MIN is larger than PASSWORD_MAX")
        if bool(self.admin_email) != bool(self.admin_password) and not self._admin_has_hub_account:
            raise ValueError(
                "ADMIN_EMAIL and ADMIN_PASSWORD go together; set both or neither. Without a "
                "password the address is for signing in with Hugging Face, on a Space with "
                "`hf_oauth: true`"
            )
        if self.snapshot_dir and self.database_url:
            raise ValueError("SNAPSHOT_DIR is for SQLite only; unset it or unset DATABASE_URL")
        return self

    @property
    def _admin_has_hub_account(self) -> bool:
        return bool(self.admin_email) and self.hub_provider is not None

    @property
    def relying_parties(self) -> RelyingParties:
        """The domains that passkeys belong to; none without PASSKEYS, or where none can have them.

        What only a developer's defaults name does not count where a server is at an address.
        """
        if not self.passkeys:
            return RelyingParties()
        local = is_on_localhost(self.base_url)
        own = tuple(
            each
            for each in self.own_origins
            if each == self.base_url
            or each.startswith("https")
            or (local and is_on_localhost(each))
        )
        frontends = self.frontends if self.frontend_url or local else ()
        return build_relying_parties(own, frontends, self.passkey_rp_id, self.passkey_origins)

    def redactor(self) -> Redactor:
        """Return a redactor that knows the secrets of these settings."""
        texts = [self.mail_api_url] if "://" in self.mail_api_url else []
        texts += [secret.reveal() for each in self.providers for secret in each.secrets]
        for name in type(self).model_fields:
            value = getattr(self, name)
            secrets = value if isinstance(value, tuple) else (value,)
            texts += [each.reveal() for each in secrets if isinstance(each, Secret)]
        parts = (part for url in texts if "://" in url for part in secrets_in_url(url))
        return Redactor([*texts, *parts])


def load_settings() -> Settings:
    """Load the settings from the environment and `.env`; raises SettingsError."""
    try:
        encoding = find_encoding(_DOT_ENV)
        return Settings(_env_file=_DOT_ENV if encoding else None, _env_file_encoding=encoding)
    except DotEnvError as error:
        raise SettingsError(str(error)) from None
    except ValidationError as error:
        problems = [each for each in error.errors() if each["type"] != "default_factory_not_called"]
        raise SettingsError("\n".join(describe_error(problem) for problem in problems)) from None
