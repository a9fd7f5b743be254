"""The way from nothing to a deployment that lasts: its steps, and which of them are done."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from panel.client.loopback import is_this_machine
from panel.pages.overview import health
from panel.pages.overview import words as health_words
from panel.pages.overview.health import HealthItem, Severity
from panel.pages.set_up import words
from panel.ports import PanelSettings, Randomness
from panel.ui.markup import Markup, link

_FILES = Path(__file__).parent / "frontend"
_KEY_BYTES = 48


@dataclass(frozen=True)
class Line:
    """A setting to copy. A secret one must not be readable by everybody who sees the Space."""

    name: str
    value: str
    secret: bool = False


@dataclass(frozen=True)
class File:
    """A file to copy into the app."""

    name: str
    content: str


@dataclass(frozen=True)
class Step:
    """One step: whether it is done, what is the matter, and how it is done."""

    name: str
    severity: Severity
    sentence: str
    how: str
    lines: tuple[Line, ...] = ()
    alternative: str = ""
    """What stands above `others`, if there is another way."""
    others: tuple[Line, ...] = ()
    app: str = ""
    """What to do in the app, above its `files`."""
    files: tuple[File, ...] = ()


@dataclass(frozen=True)
class SetupState:
    """What is state of the deployment, and of whoever reads."""

    status: Mapping[str, Any]
    ready: Mapping[str, Any]
    settings: PanelSettings
    randomness: Randomness = field(repr=False)
    now: datetime
    email: str
    user_id: str
    has_own_password: bool
    """Whether the audit trail knows of a change of the reader's password."""


def build_steps(state: SetupState) -> list[Step]:
    """Return every step, in the order in which a first run takes them."""
    assessed = health.assess(state.status, state.ready, state.now)
    items = {item.name: item for item in assessed}
    return [
        _key(state, items[health_words.SECRET]),
        _data(items),
        _public(state),
        _frontend(state),
        _mail(state, items[health_words.MAIL]),
        _admin(state),
        _limits(state, items[health_words.LIMITS]),
    ]


def fresh_key(randomness: Randomness) -> str:
    """Draw a key that nobody has: URL-safe letters, as secrets.token_urlsafe makes them."""
    return base64.urlsafe_b64encode(randomness.bytes(_KEY_BYTES)).decode().rstrip("=")


@cache
def app_files() -> tuple[File, ...]:
    """Return the files that an app needs, as docs/frontend.md has them."""
    places = {"proxy.ts": "proxy.ts", "lib/gatehouse.ts": "gatehouse.ts"}
    return tuple(File(name, (_FILES / file).read_text("utf-8")) for name, file in places.items())


def _key(state: SetupState, item: HealthItem) -> Step:
    how = words.KEY_CHANGE if item.severity == "good" else words.KEY_HOW
    line = Line("SECRET_KEY", fresh_key(state.randomness), secret=True)
    return Step(words.KEY, item.severity, item.sentence, how, (line,))


def _data(items: Mapping[str, HealthItem]) -> Step:
    database, data = items[health_words.DATABASE], items[health_words.DATA]
    worse = database if database.severity == "bad" else data
    severity = worse.severity if worse.severity != "good" else database.severity
    text = f"{database.sentence} {data.sentence}"
    how = words.DATA_HOW if data.severity == "bad" else database.fix or words.DATA_MOVE
    postgres = Line("DATABASE_URL", words.DATA_EXAMPLE, secret=True)
    bucket = Line("SNAPSHOT_DIR", "/data/gatehouse")
    return Step(words.DATA, severity, text, how, (postgres,), words.DATA_OR, (bucket,))


def _public(state: SetupState) -> Step:
    url = state.status["publicUrl"]
    severity, text = _assess_url(url, production=state.status["environment"] == "production")
    line = Line("PUBLIC_URL", words.PUBLIC_EXAMPLE)
    return Step(words.PUBLIC, severity, text.format(url), words.PUBLIC_HOW, (line,))


def _assess_url(url: str, *, production: bool) -> tuple[Severity, str]:
    if is_this_machine(url):
        return ("bad", words.PUBLIC_LOCAL) if production else ("good", words.PUBLIC_HERE)
    if not url.startswith("https://"):
        return ("bad" if production else "warn"), words.PUBLIC_PLAIN
    return "good", words.PUBLIC_WELL


def _frontend(state: SetupState) -> Step:
    severity, text = _assess_frontend(state)
    apps = ", ".join(state.status["frontendUrls"])
    key = Line("FRONTEND_PROXY_KEY", fresh_key(state.randomness), secret=True)
    return Step(
        words.FRONTEND,
        severity,
        text.format(apps),
        words.FRONTEND_HOW,
        (Line("FRONTEND_URL", words.FRONTEND_EXAMPLE), key),
        app=words.FRONTEND_APP,
        files=app_files(),
    )


def _assess_frontend(state: SetupState) -> tuple[Severity, str]:
    apps = state.status["frontendUrls"]
    if not apps:
        return "warn", words.FRONTEND_NONE
    if state.status["environment"] == "development" and all(map(is_this_machine, apps)):
        return "warn", words.FRONTEND_DEVELOPMENT
    if state.settings.frontend_proxy_key is None:
        return "warn", words.FRONTEND_NO_KEY
    return "good", words.FRONTEND_WELL


def _mail(state: SetupState, item: HealthItem) -> Step:
    on_a_space = bool(state.settings.space_id)
    how = words.MAIL_HOW_SPACE if on_a_space else words.MAIL_HOW
    by_api = (
        Line("MAIL_API_URL", words.MAIL_API),
        Line("MAIL_API_KEY", words.MAIL_KEY, secret=True),
        Line("MAIL_FROM", words.MAIL_FROM),
    )
    by_smtp = (Line("SMTP_URL", words.MAIL_SMTP, secret=True), Line("MAIL_FROM", words.MAIL_FROM))
    text = item.sentence if item.severity != "bad" else f"{item.sentence} {item.fix}"
    return Step(words.MAIL, item.severity, text, how, by_api if on_a_space else by_smtp)


def _admin(state: SetupState) -> Step:
    is_first = state.settings.admin_email.strip().lower() == state.email.lower()
    text = words.ADMIN_WELL if state.has_own_password else words.ADMIN_OTHERS
    is_given = is_first and not state.has_own_password
    severity: Severity = "warn" if is_given else "good"
    text = words.ADMIN_FIRST if is_given else text
    account = link(words.YOUR_ACCOUNT, "users", id=state.user_id)
    how = Markup.escape(words.ADMIN_HOW).format(account)
    return Step(words.ADMIN, severity, text.format(state.email), how)


def _limits(state: SetupState, item: HealthItem) -> Step:
    redis = Line("REDIS_URL", words.REPLICAS_EXAMPLE, secret=True)
    if item.severity != "good":
        on = Line("RATE_LIMITS", "on")
        return Step(words.REPLICAS, item.severity, item.sentence, item.fix, (on,))
    if "away" in state.status["limits"]["store"]:
        return Step(words.REPLICAS, "warn", item.sentence, words.REPLICAS_AWAY, (redis,))
    return Step(words.REPLICAS, "good", item.sentence, words.REPLICAS_WELL, (redis,))
