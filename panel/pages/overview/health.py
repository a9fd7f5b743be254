"""Turns the API's status into items with a severity, a sentence and a fix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from panel.pages.overview import words
from panel.ui import timestamps
from panel.ui.markup import Markup, badge

_RESTORE_SHOWN_FOR = timedelta(days=7)

Severity = Literal["good", "warn", "bad"]
StatusJson = Mapping[str, Any]
"""The JSON of `GET /api/admin/status` or `GET /ready`."""


@dataclass(frozen=True)
class HealthItem:
    """One thing that was checked: `warn` can wait, `bad` cannot. `fix` says what to do."""

    name: str
    severity: Severity
    sentence: str
    fix: str = ""


def assess(status: StatusJson | None, ready: StatusJson, now: datetime) -> list[HealthItem]:
    """Return all items, problems first. Without a status the database is unreachable."""
    items = [_database(ready, status)]
    if status is not None:
        items += _restored(status["database"].get("restored"), now)
        items += [
            _data(status["database"], now),
            _mail(status["mail"], now),
            _secret(status),
            _proxy(status["proxy"]),
            _cache(status["cache"], status["database"]["kind"]),
            _limits(status["limits"]),
            _clock(status["clock"]),
            *_providers(status["providers"]),
            _version(status, now),
        ]
    order: list[Severity] = ["bad", "warn", "good"]
    return sorted(items, key=lambda item: order.index(item.severity))


def render(items: list[HealthItem]) -> Markup:
    """Return all items as a card."""
    problems = [each for each in items if each.severity != "good"]
    worst = items[0].severity if items else "good"
    verdict = words.problems(len(problems)) if problems else words.ALL_WELL
    return Markup(
        "<section class='card'><p class='verdict'>{}</p><ul class='health'>{}</ul></section>"
    ).format(badge(verdict, worst), Markup().join(map(_row, items)))


def _row(item: HealthItem) -> Markup:
    fix = Markup("<br><span class='soft'>{}</span>").format(item.fix) if item.fix else ""
    return Markup("<li class='{}'><b>{}</b><span>{}{}</span></li>").format(
        item.severity, item.name, item.sentence, fix
    )


def _database(ready: StatusJson, status: StatusJson | None) -> HealthItem:
    trouble = ready["database"]
    if trouble in words.TROUBLES:
        return HealthItem(
            words.DATABASE, "bad", words.TROUBLES[trouble], words.TROUBLE_FIXES[trouble]
        )
    if status is None or trouble != "ok":
        return HealthItem(words.DATABASE, "bad", words.AWAY, words.AWAY_FIX)
    if ready["migrations"] != "current":
        return HealthItem(words.DATABASE, "bad", words.OUTDATED, words.OUTDATED_FIX)
    text = words.database(status["database"]["kind"])
    if status["database"]["kind"] == "postgresql" and status["database"]["userSearch"] != "indexed":
        return HealthItem(
            words.DATABASE, "warn", f"{text} {words.SLOW_SEARCH}", words.SLOW_SEARCH_FIX
        )
    return HealthItem(words.DATABASE, "good", text)


def _data(database: StatusJson, now: datetime) -> HealthItem:
    durability, snapshots = database["durability"], database.get("snapshots")
    text = words.DURABILITY[durability]
    if durability == "ephemeral":
        return HealthItem(words.DATA, "bad", text, words.EPHEMERAL_FIX)
    if snapshots and snapshots["lastAt"]:
        text += words.LAST_SNAPSHOT.format(timestamps.format_relative(snapshots["lastAt"], now))
    if snapshots and snapshots["trouble"]:
        text += words.snapshots_fail(snapshots["trouble"])
        return HealthItem(words.DATA, "bad", text, words.SNAPSHOTS_FAIL_FIX)
    return HealthItem(words.DATA, "good", text)


def _restored(restore: StatusJson | None, now: datetime) -> list[HealthItem]:
    if restore is None or now - timestamps.parse(restore["restoredAt"]) > _RESTORE_SHOWN_FOR:
        return []
    at = timestamps.format_exact(restore["restoredAt"])
    damaged = restore["damaged"]
    if restore["asOf"] is None and damaged:
        text = words.began_empty(at, damaged)
        return [HealthItem(words.RESTORED, "bad", text, words.LOST_FIX)]
    as_of = timestamps.format_exact(restore["asOf"]) if restore["asOf"] else ""
    ended = (restore["accounts"], restore["sessionsEnded"], restore["linksEnded"])
    text = words.restored(as_of, at, *ended, damaged)
    return [HealthItem(words.RESTORED, "bad", text, words.RESTORED_FIX)]


def _mail(mail: StatusJson, now: datetime) -> HealthItem:
    sentences = [words.SENDS[mail["sends"]]]
    if mail["sends"] == "outbox":
        return HealthItem(words.MAIL, "warn", sentences[0], words.OUTBOX_FIX)
    if mail["waiting"]:
        since = mail.get("waitingSince")
        since = timestamps.format_relative(since, now) if since else ""
        sentences.append(words.waiting(mail["waiting"], since))
    if mail.get("lastError") and mail["waiting"]:
        sentences.append(words.LAST_ERROR.format(mail["lastError"].rstrip(".")))
        return HealthItem(words.MAIL, "bad", " ".join(sentences), words.MAIL_FIX)
    return HealthItem(words.MAIL, "good", " ".join(sentences))


def _secret(status: StatusJson) -> HealthItem:
    state, old = status["secret"]["state"], status["secret"]["oldKeys"]
    text = words.SECRETS[state] + words.old_keys(old)
    if state == "set":
        return HealthItem(words.SECRET, "good", text)
    is_bad = state == "example" or status["environment"] == "production"
    return HealthItem(words.SECRET, "bad" if is_bad else "warn", text, words.KEY_FIX)


def _proxy(proxy: StatusJson) -> HealthItem:
    if proxy["forwardedFor"] and not proxy["trusted"]:
        text = words.STRANGE_PROXY.format(proxy["peer"])
        return HealthItem(words.PROXY, "bad", text, words.PROXY_FIX)
    return HealthItem(words.PROXY, "good", words.SEEN_FROM.format(proxy["believed"]))


def _cache(cache: StatusJson, database: str) -> HealthItem:
    mode, _, trouble = cache["state"].partition(": ")
    if mode == "bypassed":
        if database == "sqlite":  # for the moment of a write; it passes
            return HealthItem(words.CACHE, "good", words.bypassed(trouble))
        return HealthItem(words.CACHE, "warn", words.bypassed(trouble), words.BYPASSED_FIX)
    return HealthItem(words.CACHE, "good", words.cached(cache["sessions"], cache["size"]))


def _limits(limits: StatusJson) -> HealthItem:
    if limits["store"] == "off":
        return HealthItem(words.LIMITS, "warn", words.LIMITS_OFF, words.LIMITS_FIX)
    return HealthItem(words.LIMITS, "good", words.COUNTED_IN.format(limits["store"]))


def _clock(clock: StatusJson) -> HealthItem:
    if clock["right"]:
        text = words.clock(clock["comparedWith"], "", behind=False)
        return HealthItem(words.CLOCK, "good", text)
    offset = timestamps.format_length(abs(clock["ahead"]))
    text = words.clock(clock["comparedWith"], offset, behind=clock["ahead"] < 0)
    return HealthItem(words.CLOCK, "bad", text, words.CLOCK_FIX)


def _providers(names: Sequence[str]) -> list[HealthItem]:
    """Name the providers; whether they know this server, Set-up checks."""
    return [HealthItem(words.PROVIDERS, "good", words.providers(names))] if names else []


def _version(status: StatusJson, now: datetime) -> HealthItem:
    started = timestamps.format_relative(status["startedAt"], now)
    text = words.version(status["version"], status["commit"] or "", status["environment"], started)
    return HealthItem(words.VERSION, "good", text)
