"""The steps to a production deployment, and which of them are done."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from panel.client.loopback import is_loopback_url
from panel.pages.overview import health
from panel.pages.overview import words as health_words
from panel.pages.overview.health import HealthItem, Severity
from panel.pages.set_up import words
from panel.pages.set_up.setting_lines import Setting
from panel.ports import PanelSettings, Randomness
from panel.ui.markup import Markup, link

_FILES = Path(__file__).parent / "frontend"
_KEY_BYTES = 48


@dataclass(frozen=True)
class AppFile:
    """A file to copy into the app."""

    name: str
    content: str


@dataclass(frozen=True)
class SetupStep:
    """One step: its state, the current situation, and what to do."""

    name: str
    severity: Severity
    sentence: str
    instructions: str
    lines: tuple[Setting, ...] = ()
    alternative: str = ""
    """The text above `alternative_lines`."""
    alternative_lines: tuple[Setting, ...] = ()
    app: str = ""
    """What to do in the app; the text above `files`."""
    files: tuple[AppFile, ...] = ()


@dataclass(frozen=True)
class SetupState:
    """The state of the deployment and of the current admin's account."""

    status: Mapping[str, Any]
    ready: Mapping[str, Any]
    settings: PanelSettings
    randomness: Randomness = field(repr=False)
    now: datetime
    email: str
    user_id: str
    has_second_factor: bool
    has_own_password: bool
    """Whether the audit trail has a change of the admin's password."""


def build_steps(state: SetupState) -> list[SetupStep]:
    """Return all steps, in the order of a first set-up."""
    assessed = health.assess(state.status, state.ready, state.now)
    items = {item.name: item for item in assessed}
    return [
        _key(state, items[health_words.SECRET]),
        _data(items),
        _public(state),
        _frontend(state),
        _mail(state, items[health_words.MAIL]),
        _admin(state),
        _second_factor(state),
        _limits(state, items[health_words.LIMITS]),
    ]


def generate_key(randomness: Randomness) -> str:
    """Generate a random key in URL-safe characters, like secrets.token_urlsafe."""
    return base64.urlsafe_b64encode(randomness.bytes(_KEY_BYTES)).decode().rstrip("=")


@cache
def app_files() -> tuple[AppFile, ...]:
    """Return the files that an app needs, the same as in examples/nextjs."""
    places = {"proxy.ts": "proxy.ts", "lib/gatehouse.ts": "gatehouse.ts"}
    return tuple(AppFile(name, (_FILES / file).read_text("utf-8")) for name, file in places.items())


def _key(state: SetupState, item: HealthItem) -> SetupStep:
    instructions = words.KEY_CHANGE if item.severity == "good" else words.KEY_HOW
    if state.status["secret"]["state"] == "generated":
        instructions += f" {words.KEY_GENERATED}"
    line = Setting("SECRET_KEY", generate_key(state.randomness), secret=True)
    return SetupStep(words.KEY, item.severity, item.sentence, instructions, (line,))


def _data(items: Mapping[str, HealthItem]) -> SetupStep:
    database, data = items[health_words.DATABASE], items[health_words.DATA]
    worse = database if database.severity == "bad" else data
    severity = worse.severity if worse.severity != "good" else database.severity
    text = f"{database.sentence} {data.sentence}"
    instructions = words.DATA_HOW if data.severity == "bad" else database.fix or words.DATA_MOVE
    postgres = Setting("DATABASE_URL", words.DATA_EXAMPLE, secret=True)
    bucket = Setting("SNAPSHOT_DIR", "/data/gatehouse")
    return SetupStep(
        words.DATA, severity, text, instructions, (postgres,), words.DATA_OR, (bucket,)
    )


def _public(state: SetupState) -> SetupStep:
    url = state.status["publicUrl"]
    severity, text = _assess_url(url, production=state.status["environment"] == "production")
    line = Setting("PUBLIC_URL", words.PUBLIC_EXAMPLE)
    return SetupStep(words.PUBLIC, severity, text.format(url), words.PUBLIC_HOW, (line,))


def _assess_url(url: str, *, production: bool) -> tuple[Severity, str]:
    if is_loopback_url(url):
        return ("bad", words.PUBLIC_LOCAL) if production else ("good", words.PUBLIC_DEVELOPMENT)
    if not url.startswith("https://"):
        return ("bad" if production else "warn"), words.PUBLIC_INSECURE
    return "good", words.PUBLIC_OK


def _frontend(state: SetupState) -> SetupStep:
    severity, text = _assess_frontend(state)
    apps = ", ".join(state.status["frontendUrls"])
    key = Setting("FRONTEND_PROXY_KEY", generate_key(state.randomness), secret=True)
    return SetupStep(
        words.FRONTEND,
        severity,
        text.format(apps),
        words.FRONTEND_HOW,
        (Setting("FRONTEND_URL", words.FRONTEND_EXAMPLE), key),
        app=words.FRONTEND_APP,
        files=app_files(),
    )


def _assess_frontend(state: SetupState) -> tuple[Severity, str]:
    apps = state.status["frontendUrls"]
    if not apps:
        return "warn", words.FRONTEND_NONE
    if state.status["environment"] == "development" and all(map(is_loopback_url, apps)):
        return "warn", words.FRONTEND_DEVELOPMENT
    if state.settings.frontend_proxy_key is None:
        return "warn", words.FRONTEND_NO_KEY
    return "good", words.FRONTEND_OK


def _mail(state: SetupState, item: HealthItem) -> SetupStep:
    on_a_space = bool(state.settings.space_id)
    instructions = words.MAIL_HOW_SPACE if on_a_space else words.MAIL_HOW
    by_api = (
        Setting("MAIL_API_URL", words.MAIL_API),
        Setting("MAIL_API_KEY", words.MAIL_KEY, secret=True),
        Setting("MAIL_FROM", words.MAIL_FROM),
    )
    by_smtp = (
        Setting("SMTP_URL", words.MAIL_SMTP, secret=True),
        Setting("MAIL_FROM", words.MAIL_FROM),
    )
    text = item.sentence if item.severity != "bad" else f"{item.sentence} {item.fix}"
    return SetupStep(
        words.MAIL, item.severity, text, instructions, by_api if on_a_space else by_smtp
    )


def _admin(state: SetupState) -> SetupStep:
    severity: Severity = "good"
    text = words.ADMIN_OK if state.has_own_password else words.ADMIN_OTHER
    settings = state.settings
    is_first = settings.admin_email.strip().lower() == state.email.lower()
    if is_first and settings.admin_password is not None and not state.has_own_password:
        severity, text = "warn", words.ADMIN_FIRST
    account = link(words.YOUR_ACCOUNT, "users", id=state.user_id)
    instructions = Markup.escape(words.ADMIN_HOW).format(account)
    return SetupStep(words.ADMIN, severity, text.format(state.email), instructions)


def _second_factor(state: SetupState) -> SetupStep:
    required = state.settings.require_two_factor_for
    severity: Severity = "good" if required != "none" else "warn"
    text, lines = words.FACTOR_REQUIRED.get(required, words.FACTOR_NOT_REQUIRED), []
    if not state.settings.two_factor:
        text, lines = words.FACTOR_OFF, [Setting("TWO_FACTOR", "on")]
    own = words.FACTOR_YOURS if state.has_second_factor else words.FACTOR_NOT_YOURS
    instructions = Markup.escape(words.FACTOR_HOW).format(link(words.YOUR_ACCOUNT, "account"))
    lines.append(Setting("REQUIRE_TWO_FACTOR_FOR", "admins"))
    return SetupStep(words.FACTOR, severity, f"{text} {own}", instructions, tuple(lines))


def _limits(state: SetupState, item: HealthItem) -> SetupStep:
    redis = Setting("REDIS_URL", words.REPLICAS_EXAMPLE, secret=True)
    if item.severity != "good":
        on = Setting("RATE_LIMITS", "on")
        return SetupStep(words.REPLICAS, item.severity, item.sentence, item.fix, (on,))
    if "away" in state.status["limits"]["store"]:
        return SetupStep(words.REPLICAS, "warn", item.sentence, words.REPLICAS_AWAY, (redis,))
    return SetupStep(words.REPLICAS, "good", item.sentence, words.REPLICAS_OK, (redis,))
