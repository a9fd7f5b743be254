"""All settings with their defaults. Only this module reads the environment.

Operators rely on the names; each is explained in .env.example.
"""

import json
import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from backend.kernel.redaction import Redactor, secrets_in_url
from backend.kernel.secrets.secret import Password, Secret
from backend.kernel.timestamps import MAX_LIFETIME

PRIVATE_NETWORKS = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"

_RATE = re.compile(r"[1-9]\d*\s*(?:/|per)\s*(?:[1-9]\d*\s*)?(?:second|minute|hour|day)s?")


class SettingsError(Exception):
    """The settings are invalid; each line of the message says what is wrong and what to do."""


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _parse_json(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError('must be JSON such as {"reset": "Your new password"}') from None
    return value


def _wrap_in(kind: type[Secret]) -> BeforeValidator:
    return BeforeValidator(lambda value: kind(value) if isinstance(value, str) else value)


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
MailKind = Literal["verify", "reset", "change-email", "delete", "magic-link", "code", "notice"]
MailSubject = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
MailSubjects = Annotated[dict[MailKind, MailSubject], NoDecode, BeforeValidator(_parse_json)]
HiddenText = Annotated[Secret, _wrap_in(Secret)]
HiddenPassword = Annotated[Password, _wrap_in(Password)]


class Settings(BaseSettings):
    """The settings of a server, read once at start."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,  # a refused value may be a secret
    )

    # Set by Hugging Face, never by hand.
    space_id: str = ""
    space_host: CommaList = ()
    cpu_cores: float | None = None

    environment: Literal["development", "production"] = "development"
    host: str = "0.0.0.0"  # noqa: S104  a Space must be reachable from outside its container
    port: int = Field(7860, ge=0, le=65535)
    app_name: str = Field("Gatehouse", min_length=1, max_length=60)

    database_url: HiddenText | None = None
    database_url_direct: HiddenText | None = None
    data_dir: Path = Path("data")
    snapshot_dir: Path | None = None

    secret_key: HiddenText | None = None
    secret_keys_old: Annotated[tuple[HiddenText, ...], NoDecode, BeforeValidator(_split)] = ()

    public_url: str = ""
    cookie_secure: Literal["auto", "on", "off"] = "auto"
    frontend_url: CommaList = ()
    trusted_proxies: CommaList = _split(PRIVATE_NETWORKS)
    frontend_proxy_key: HiddenText | None = None

    admin_email: str = ""
    admin_password: HiddenPassword | None = None
    sign_up: bool = True
    change_email: bool = True
    delete_user: bool = True
    require_verified_email: bool = False
    sign_in_after_verification: bool = False
    resend_verification_on_sign_in: bool = False
    reset_revokes_sessions: bool = True
    delete_user_needs_link: bool = False
    verification_link_lifetime: int = Field(3600, ge=1, le=MAX_LIFETIME)
    reset_link_lifetime: int = Field(3600, ge=1, le=MAX_LIFETIME)

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
    )
    hash_nice: int = Field(19, ge=0, le=19)
    hash_queue: int = Field(32, ge=1, le=1000)
    one_processor: bool = True

    rate_limits: bool = True
    rate_limit_per_user: str = "10/minute"
    redis_url: HiddenText | None = None

    body_limit: int = Field(65_536, ge=1024)
    receive_timeout: float = Field(20, gt=0, le=3600)
    docs: bool = Field(default_factory=lambda data: data.get("environment") == "development")
    panel: bool = True
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "text"] = Field(
        default_factory=lambda data: "json" if data.get("environment") == "production" else "text"
    )

    @model_validator(mode="before")
    @classmethod
    def _default_to_production_in_a_space(cls, data: dict[str, Any]) -> dict[str, Any]:
        if data.get("space_id"):
            data.setdefault("environment", "production")
        return data

    @field_validator("log_level", "log_format", "environment", "cookie_secure", mode="before")
    @classmethod
    def _lowercase(cls, value: Any) -> Any:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def _validate_url(cls, value: str) -> str:
        if value and (
            urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).netloc
        ):
            raise ValueError("must be a web address such as https://auth.example.com")
        return value.rstrip("/")

    @field_validator("frontend_url")
    @classmethod
    def _validate_origins(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for each in patterns:
            if "://" not in each and "*" not in each:
                raise ValueError(f"{each!r} has no scheme; write https://{each}")
        return patterns

    @field_validator("trusted_proxies")
    @classmethod
    def _validate_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for each in networks:
            try:
                ip_network(each, strict=False)
            except ValueError:
                raise ValueError(
                    f"{each!r} is not an address or network such as 10.0.0.0/8"
                ) from None
        return networks

    @field_validator("rate_limit_per_user")
    @classmethod
    def _validate_rate(cls, value: str) -> str:
        if not _RATE.fullmatch(value.strip()):  # the limiter would take it for no limit at all
            raise ValueError("must be a rate such as 10/minute")
        return value

    @field_validator("redis_url")
    @classmethod
    def _validate_redis_url(cls, value: Secret | None) -> Secret | None:
        try:  # the library would quote the start of a password that it takes for the port
            parts = urlsplit(value.reveal()) if value else None
            whole = parts is None or "@" not in f"{parts.path}{parts.query}{parts.fragment}"
            usable = parts is None or (parts.scheme in {"redis", "rediss"} and parts.port != 0)
        except ValueError:
            usable = whole = False
        if not (usable and whole):
            raise ValueError(
                "must be a Redis URL such as redis://localhost:6379/0, special characters of the "
                "password percent-encoded (%40 for @, %2F for /, %23 for #)"
            )
        return value

    @model_validator(mode="after")
    def _is_consistent(self) -> "Settings":
        if self.production and self.bcrypt_rounds < 10:
            raise ValueError("BCRYPT_ROUNDS below 10 is too weak for production; leave it at 12")
        if self.password_min > self.password_max:
            raise ValueError("PASSWORD_MIN is larger than PASSWORD_MAX")
        if bool(self.admin_email) != bool(self.admin_password):
            raise ValueError("ADMIN_EMAIL and ADMIN_PASSWORD go together; set both or neither")
        if self.snapshot_dir and self.database_url:
            raise ValueError("SNAPSHOT_DIR is for SQLite only; unset it or unset DATABASE_URL")
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
        return tuple(url.rstrip("/") for url in self.frontend_url)

    def redactor(self) -> Redactor:
        """Return a redactor that knows the secrets of these settings."""
        texts = [self.mail_api_url] if "://" in self.mail_api_url else []
        for name in type(self).model_fields:
            value = getattr(self, name)
            secrets = value if isinstance(value, tuple) else (value,)
            texts += [each.reveal() for each in secrets if isinstance(each, Secret)]
        urls = [text for text in texts if "://" in text]
        return Redactor([*texts, *(part for url in urls for part in secrets_in_url(url))])

    @property
    def trusted_origins(self) -> tuple[str, ...]:
        """The origins of this server and of the frontends."""
        return self.own_origins + self.frontends


def load_settings() -> Settings:
    """Load the settings from the environment and `.env`; raises SettingsError."""
    try:
        return Settings()
    except ValidationError as error:
        problems = [each for each in error.errors() if each["type"] != "default_factory_not_called"]
        raise SettingsError("\n".join(_describe(problem) for problem in problems)) from None


def _describe(problem: Any) -> str:
    name = str(problem["loc"][0]).upper() if problem["loc"] else "Settings"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{name}: {message[0].lower()}{message[1:]}" if problem["loc"] else message
