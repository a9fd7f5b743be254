"""What proxies do that they should not."""

import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

from tests.rig.proxy import Asked, Manners, Told

SESSION = "better-auth.session_token"
TEN_MINUTES = timedelta(minutes=10)
SHORT = 20  # seconds; a session that the doctor waits for
_KEPT = 5  # seconds
_PAGE = b"<!doctype html><title>Sleeping</title>This Space is asleep."
_TELL_WHO = {"/api/auth/get-session", "/api/me"}


def cookies(change: Callable[[str], str]) -> type[Manners]:
    """Change each Set-Cookie line; one that becomes empty is taken away."""

    class ChangesCookies(Manners):
        def after(self, asked: Asked, told: Told) -> None:
            changed = [change(line) for line in told.get_all("set-cookie")]
            told.drop("set-cookie")
            told.headers += [("set-cookie", line) for line in changed if line]

    return ChangesCookies


def headers(*gone: str) -> type[Manners]:
    """Take headers away."""

    class DropsHeaders(Manners):
        def after(self, asked: Asked, told: Told) -> None:
            told.drop(*gone)

    return DropsHeaders


class AllowsEveryOrigin(Manners):
    """CORS for everyone, with credentials."""

    def after(self, asked: Asked, told: Told) -> None:
        if origin := asked.headers.get("origin"):
            told.put("access-control-allow-origin", origin)
            told.put("access-control-allow-credentials", "true")


class OwnOrigin(Manners):
    """Says of every request that it comes from the deployment's own pages."""

    def before(self, asked: Asked) -> Told | None:
        if "origin" in asked.headers:
            asked.headers["origin"] = f"http://{asked.headers['host']}"
        return None


class DropsOrigin(Manners):
    """Does not say which page a request comes from."""

    def before(self, asked: Asked) -> Told | None:
        asked.headers.pop("origin", None)
        return None


class BelievesTheCaller(Manners):
    """Passes on the first address of X-Forwarded-For, which the caller wrote."""

    def forward(self, asked: Asked) -> None:
        claimed = asked.headers.get("x-forwarded-for", asked.peer)
        asked.headers["x-forwarded-for"] = claimed.partition(",")[0].strip()


class SaysNothing(Manners):
    """Appends nothing to X-Forwarded-For: its last entry is the caller's too."""

    def forward(self, asked: Asked) -> None:
        pass


class Remembers(Manners):
    """Keeps answers about a session for some seconds."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[float, Told]] = {}

    def before(self, asked: Asked) -> Told | None:
        until, told = self._kept.get(self.key(asked), (0.0, Told(200)))
        return told.again() if time.monotonic() < until else None

    def after(self, asked: Asked, told: Told) -> None:
        if _tells_who(asked, told):
            self._kept.setdefault(self.key(asked), (time.monotonic() + _KEPT, told.again()))

    def key(self, asked: Asked) -> tuple[str, str]:
        """By what an answer is found again."""
        return asked.headers.get("cookie", ""), asked.path


class Mixes(Remembers):
    """Keeps answers about a session, and shows them to whoever asks next."""

    def key(self, asked: Asked) -> tuple[str, str]:
        return "", asked.path


class RemembersTooLong(Manners):
    """Answers about a session that has run out as it did before."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Told] = {}
        self._ends: dict[str, float] = {}

    def after(self, asked: Asked, told: Told) -> None:
        cookie = asked.headers.get("cookie", "")
        before = self._kept.get((cookie, asked.path))
        if _tells_who(asked, told):
            self._ends.setdefault(cookie, time.monotonic() + SHORT)
            self._kept[cookie, asked.path] = told.again()
        elif before and time.monotonic() > self._ends[cookie] - 2:
            told.status, told.headers, told.pieces = 200, before.headers, before.pieces


class Renames(Manners):
    """Gives cookies a name of its own, and back again on their way to the server."""

    def before(self, asked: Asked) -> Told | None:
        if "cookie" in asked.headers:
            asked.headers["cookie"] = asked.headers["cookie"].replace("app-sid", SESSION)
        return None

    def after(self, asked: Asked, told: Told) -> None:
        cookies(lambda line: line.replace(SESSION, "app-sid"))().after(asked, told)


class JoinsCookies(Manners):
    """Makes one line of several."""

    def after(self, asked: Asked, told: Told) -> None:
        if lines := told.get_all("set-cookie"):
            told.put("set-cookie", ", ".join(lines))


class Forgets(Manners):
    """Loses the cookies of every second request, as servers with different keys would."""

    def __init__(self) -> None:
        self._loses = False

    def before(self, asked: Asked) -> Told | None:
        if "cookie" in asked.headers:
            self._loses = not self._loses
            if self._loses:
                del asked.headers["cookie"]
        return None


class HoldsBack(Manners):
    """Passes a body on when it has all of it."""

    def after(self, asked: Asked, told: Told) -> None:
        told.whole()


class TenMinutesSlow(Manners):
    """Says that it is ten minutes earlier."""

    def after(self, asked: Asked, told: Told) -> None:
        moment = parsedate_to_datetime(told.get_all("date")[0]) - TEN_MINUTES
        told.put("date", format_datetime(moment, usegmt=True))


class LeadsToLogin(Manners):
    """Sends who is not signed in to a page."""

    def after(self, asked: Asked, told: Told) -> None:
        if told.status == 401:
            told.status, told.headers, told.pieces = 302, [("location", "/login")], []


class ShowsAPage(Manners):
    """Answers everything with a page of its own."""

    def before(self, asked: Asked) -> Told | None:
        return Told(200, [("content-type", "text/html")], [_PAGE])


class AddsASlash(Manners):
    """Sends every path below /api to the same with a slash at its end."""

    def before(self, asked: Asked) -> Told | None:
        if not asked.path.startswith("/api") or asked.path.endswith("/"):
            return None
        return Told(308, [("location", f"{asked.path}/")])


class RefusesPreflights(Manners):
    """Knows no OPTIONS."""

    def before(self, asked: Asked) -> Told | None:
        return Told(405) if asked.method == "OPTIONS" else None


class AnswersPreflights(Manners):
    """Answers preflights by itself and allows every origin, as the Hub's edge does."""

    def before(self, asked: Asked) -> Told | None:
        if asked.method != "OPTIONS":
            return None
        allowed = [
            ("access-control-allow-origin", asked.headers.get("origin", "*")),
            ("access-control-allow-methods", "GET, POST"),
            ("access-control-allow-headers", "content-type"),
        ]
        return Told(204, [*allowed, ("x-proxied-host", "http://10.0.0.7")])


class Breaks(Manners):
    """Answers nothing more once somebody has revoked sessions."""

    def __init__(self) -> None:
        self._broken = False

    def before(self, asked: Asked) -> Told | None:
        if self._broken:
            raise ConnectionResetError
        return None

    def after(self, asked: Asked, told: Told) -> None:
        self._broken = asked.path.endswith("/revoke-other-sessions")


def _tells_who(asked: Asked, told: Told) -> bool:
    if asked.path not in _TELL_WHO or SESSION not in asked.headers.get("cookie", ""):
        return False
    return told.status == 200 and b'"user"' in told.whole()
