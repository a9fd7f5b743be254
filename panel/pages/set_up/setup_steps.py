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
from panel.pages.overview.health import Matter, Mood
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
    mood: Mood
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
class Known:
    """What is known of the deployment, and of whoever reads."""

    status: Mapping[str, Any]
    ready: Mapping[str, Any]
    settings: PanelSettings
    randomness: Randomness = field(repr=False)
    now: datetime
    email: str
    user_id: str
    has_own_password: bool
    """Whether the audit trail knows of a change of the reader's password."""


def steps(known: Known) -> list[Step]:
    """Return every step, in the order in which a first run takes them."""
    judged = health.judged(known.status, known.ready, known.now)
    matters = {matter.name: matter for matter in judged}
    return [
        _key(known, matters[health_words.SECRET]),
        _data(matters),
        _public(known),
        _frontend(known),
        _mail(known, matters[health_words.MAIL]),
        _admin(known),
        _limits(known, matters[health_words.LIMITS]),
    ]


def fresh_key(randomness: Randomness) -> str:
    """Draw a key that nobody has: URL-safe letters, as secrets.token_urlsafe makes them."""
    return base64.urlsafe_b64encode(randomness.bytes(_KEY_BYTES)).decode().rstrip("=")


@cache
def app_files() -> tuple[File, ...]:
    """Return the files that an app needs, as docs/frontend.md has them."""
    places = {"proxy.ts": "proxy.ts", "lib/gatehouse.ts": "gatehouse.ts"}
    return tuple(File(name, (_FILES / file).read_text("utf-8")) for name, file in places.items())


def _key(known: Known, matter: Matter) -> Step:
    how = words.KEY_CHANGE if matter.mood == "good" else words.KEY_HOW
    line = Line("SECRET_KEY", fresh_key(known.randomness), secret=True)
    return Step(words.KEY, matter.mood, matter.sentence, how, (line,))


def _data(matters: Mapping[str, Matter]) -> Step:
    database, data = matters[health_words.DATABASE], matters[health_words.DATA]
    worse = database if database.mood == "bad" else data
    mood = worse.mood if worse.mood != "good" else database.mood
    said = f"{database.sentence} {data.sentence}"
    how = words.DATA_HOW if data.mood == "bad" else database.fix or words.DATA_MOVE
    postgres = Line("DATABASE_URL", words.DATA_EXAMPLE, secret=True)
    bucket = Line("SNAPSHOT_DIR", "/data/gatehouse")
    return Step(words.DATA, mood, said, how, (postgres,), words.DATA_OR, (bucket,))


def _public(known: Known) -> Step:
    url = known.status["publicUrl"]
    mood, said = _judged_url(url, production=known.status["environment"] == "production")
    line = Line("PUBLIC_URL", words.PUBLIC_EXAMPLE)
    return Step(words.PUBLIC, mood, said.format(url), words.PUBLIC_HOW, (line,))


def _judged_url(url: str, *, production: bool) -> tuple[Mood, str]:
    if is_this_machine(url):
        return ("bad", words.PUBLIC_LOCAL) if production else ("good", words.PUBLIC_HERE)
    if not url.startswith("https://"):
        return ("bad" if production else "turn"), words.PUBLIC_PLAIN
    return "good", words.PUBLIC_WELL


def _frontend(known: Known) -> Step:
    mood, said = _judged_frontend(known)
    apps = ", ".join(known.status["frontendUrls"])
    key = Line("FRONTEND_PROXY_KEY", fresh_key(known.randomness), secret=True)
    return Step(
        words.FRONTEND,
        mood,
        said.format(apps),
        words.FRONTEND_HOW,
        (Line("FRONTEND_URL", words.FRONTEND_EXAMPLE), key),
        app=words.FRONTEND_APP,
        files=app_files(),
    )


def _judged_frontend(known: Known) -> tuple[Mood, str]:
    apps = known.status["frontendUrls"]
    if not apps:
        return "turn", words.FRONTEND_NONE
    if known.status["environment"] == "development" and all(map(is_this_machine, apps)):
        return "turn", words.FRONTEND_DEVELOPMENT
    if known.settings.frontend_proxy_key is None:
        return "turn", words.FRONTEND_NO_KEY
    return "good", words.FRONTEND_WELL


def _mail(known: Known, matter: Matter) -> Step:
    on_a_space = bool(known.settings.space_id)
    how = words.MAIL_HOW_SPACE if on_a_space else words.MAIL_HOW
    by_api = (
        Line("MAIL_API_URL", words.MAIL_API),
        Line("MAIL_API_KEY", words.MAIL_KEY, secret=True),
        Line("MAIL_FROM", words.MAIL_FROM),
    )
    by_smtp = (Line("SMTP_URL", words.MAIL_SMTP, secret=True), Line("MAIL_FROM", words.MAIL_FROM))
    said = matter.sentence if matter.mood != "bad" else f"{matter.sentence} {matter.fix}"
    return Step(words.MAIL, matter.mood, said, how, by_api if on_a_space else by_smtp)


def _admin(known: Known) -> Step:
    is_first = known.settings.admin_email.strip().lower() == known.email.lower()
    said = words.ADMIN_WELL if known.has_own_password else words.ADMIN_OTHERS
    is_given = is_first and not known.has_own_password
    mood: Mood = "turn" if is_given else "good"
    said = words.ADMIN_FIRST if is_given else said
    account = link(words.YOUR_ACCOUNT, "users", id=known.user_id)
    how = Markup.escape(words.ADMIN_HOW).format(account)
    return Step(words.ADMIN, mood, said.format(known.email), how)


def _limits(known: Known, matter: Matter) -> Step:
    redis = Line("REDIS_URL", words.REPLICAS_EXAMPLE, secret=True)
    if matter.mood != "good":
        on = Line("RATE_LIMITS", "on")
        return Step(words.REPLICAS, matter.mood, matter.sentence, matter.fix, (on,))
    if "away" in known.status["limits"]["store"]:
        return Step(words.REPLICAS, "turn", matter.sentence, words.REPLICAS_AWAY, (redis,))
    return Step(words.REPLICAS, "good", matter.sentence, words.REPLICAS_WELL, (redis,))
