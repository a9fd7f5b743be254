"""Is everything well? The API's own account of itself, judged and put into sentences."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from panel.pages.overview import words
from panel.ui import timestamps
from panel.ui.markup import Markup, badge

_RESTORE_TOLD_FOR = timedelta(days=7)

Mood = Literal["good", "turn", "bad"]
Status = Mapping[str, Any]
"""What `GET /api/admin/status` tells, or what `GET /ready` does."""


@dataclass(frozen=True)
class Matter:
    """One thing that is well or is not: `turn` can wait, `bad` cannot. `fix` mends it."""

    name: str
    mood: Mood
    sentence: str
    fix: str = ""


def judged(status: Status | None, ready: Status, now: datetime) -> list[Matter]:
    """Return everything there is to know, what is wrong first. No status: the database is away."""
    matters = [_database(ready, status)]
    if status is not None:
        matters += _restored(status["database"].get("restored"), now)
        matters += [
            _data(status["database"], now),
            _mail(status["mail"], now),
            _secret(status),
            _proxy(status["proxy"]),
            _cache(status["cache"], status["database"]["kind"]),
            _limits(status["limits"]),
            _clock(status["clock"]),
            _version(status, now),
        ]
    order: list[Mood] = ["bad", "turn", "good"]
    return sorted(matters, key=lambda matter: order.index(matter.mood))


def shown(matters: list[Matter]) -> Markup:
    """Return all matters as a card."""
    wrong = [each for each in matters if each.mood != "good"]
    worst = matters[0].mood if matters else "good"
    said = words.to_mend(len(wrong)) if wrong else words.ALL_WELL
    return Markup(
        "<section class='card'><p class='verdict'>{}</p><ul class='matters'>{}</ul></section>"
    ).format(badge(said, worst), Markup().join(map(_row, matters)))


def _row(matter: Matter) -> Markup:
    fix = Markup("<br><span class='soft'>{}</span>").format(matter.fix) if matter.fix else ""
    return Markup("<li class='{}'><b>{}</b><span>{}{}</span></li>").format(
        matter.mood, matter.name, matter.sentence, fix
    )


def _database(ready: Status, status: Status | None) -> Matter:
    trouble = ready["database"]
    if trouble in words.TROUBLES:
        return Matter(words.DATABASE, "bad", words.TROUBLES[trouble], words.TROUBLE_FIXES[trouble])
    if status is None or trouble != "ok":
        return Matter(words.DATABASE, "bad", words.AWAY, words.AWAY_FIX)
    if ready["migrations"] != "current":
        return Matter(words.DATABASE, "bad", words.OUTDATED, words.OUTDATED_FIX)
    said = words.database(status["database"]["kind"])
    if status["database"]["kind"] == "postgresql" and status["database"]["userSearch"] != "indexed":
        return Matter(words.DATABASE, "turn", f"{said} {words.SLOW_SEARCH}", words.SLOW_SEARCH_FIX)
    return Matter(words.DATABASE, "good", said)


def _data(database: Status, now: datetime) -> Matter:
    lasts, taken = database["durability"], database.get("snapshots")
    said = words.DURABILITY[lasts]
    if lasts == "ephemeral":
        return Matter(words.DATA, "bad", said, words.EPHEMERAL_FIX)
    if taken and taken["lastAt"]:
        said += words.LAST_SNAPSHOT.format(
            timestamps.words(timestamps.moment(taken["lastAt"]), now)
        )
    if taken and taken["trouble"]:
        said += words.snapshots_fail(taken["trouble"])
        return Matter(words.DATA, "bad", said, words.SNAPSHOTS_FAIL_FIX)
    return Matter(words.DATA, "good", said)


def _restored(it: Status | None, now: datetime) -> list[Matter]:
    if it is None or now - timestamps.moment(it["restoredAt"]) > _RESTORE_TOLD_FOR:
        return []
    at, damaged = timestamps.exact(timestamps.moment(it["restoredAt"])), it["damaged"]
    if it["asOf"] is None and damaged:
        said = words.began_empty(at, damaged)
        return [Matter(words.RESTORED, "bad", said, words.LOST_FIX)]
    as_of = timestamps.exact(timestamps.moment(it["asOf"])) if it["asOf"] else ""
    ended = (it["accounts"], it["sessionsEnded"], it["linksEnded"])
    said = words.restored(as_of, at, *ended, damaged)
    return [Matter(words.RESTORED, "bad", said, words.RESTORED_FIX)]


def _mail(mail: Status, now: datetime) -> Matter:
    told = [words.SENDS[mail["sends"]]]
    if mail["sends"] == "outbox":
        return Matter(words.MAIL, "turn", told[0], words.OUTBOX_FIX)
    if mail["waiting"]:
        since = mail.get("waitingSince")
        told.append(
            words.waiting(
                mail["waiting"], timestamps.words(timestamps.moment(since), now) if since else ""
            )
        )
    if mail.get("lastError") and mail["waiting"]:
        told.append(words.LAST_ERROR.format(mail["lastError"].rstrip(".")))
        return Matter(words.MAIL, "bad", " ".join(told), words.MAIL_FIX)
    return Matter(words.MAIL, "good", " ".join(told))


def _secret(status: Status) -> Matter:
    state, old = status["secret"]["state"], status["secret"]["oldKeys"]
    said = words.SECRETS[state] + words.old_keys(old)
    if state == "set":
        return Matter(words.SECRET, "good", said)
    hurts = state == "example" or status["environment"] == "production"
    return Matter(words.SECRET, "bad" if hurts else "turn", said, words.KEY_FIX)


def _proxy(proxy: Status) -> Matter:
    if proxy["forwardedFor"] and not proxy["trusted"]:
        said = words.STRANGE_PROXY.format(proxy["peer"])
        return Matter(words.PROXY, "bad", said, words.PROXY_FIX)
    return Matter(words.PROXY, "good", words.SEEN_FROM.format(proxy["believed"]))


def _cache(cache: Status, database: str) -> Matter:
    how, _, trouble = cache["state"].partition(": ")
    if how == "bypassed":
        if database == "sqlite":  # for the moment of a write; it passes
            return Matter(words.CACHE, "good", words.bypassed(trouble))
        return Matter(words.CACHE, "turn", words.bypassed(trouble), words.BYPASSED_FIX)
    return Matter(words.CACHE, "good", words.cached(cache["sessions"], cache["size"]))


def _limits(limits: Status) -> Matter:
    if limits["store"] == "off":
        return Matter(words.LIMITS, "turn", words.LIMITS_OFF, words.LIMITS_FIX)
    return Matter(words.LIMITS, "good", words.COUNTED_IN.format(limits["store"]))


def _clock(clock: Status) -> Matter:
    if clock["right"]:
        said = words.clock(clock["comparedWith"], "", behind=False)
        return Matter(words.CLOCK, "good", said)
    far = timestamps.length(abs(clock["ahead"]))
    said = words.clock(clock["comparedWith"], far, behind=clock["ahead"] < 0)
    return Matter(words.CLOCK, "bad", said, words.CLOCK_FIX)


def _version(status: Status, now: datetime) -> Matter:
    started = timestamps.words(timestamps.moment(status["startedAt"]), now)
    said = words.version(status["version"], status["commit"] or "", status["environment"], started)
    return Matter(words.VERSION, "good", said)
