"""Proxies that do what they should not."""

import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

from tests.rig.proxy import ProxyBehaviour, ProxyRequest, ProxyResponse

SESSION = "better-auth.session_token"
TEN_MINUTES = timedelta(minutes=10)
SHORT_SESSION = 20  # seconds; a session that the doctor waits for
_CACHE_SECONDS = 5
_PAGE = b"<!doctype html><title>Sleeping</title>This Space is asleep."
_SESSION_PATHS = {"/api/auth/get-session", "/api/me"}


def change_cookies(change: Callable[[str], str]) -> type[ProxyBehaviour]:
    """Change each Set-Cookie line; one that becomes empty is taken away."""

    class ChangesCookies(ProxyBehaviour):
        def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
            changed = [change(line) for line in response.get_all("set-cookie")]
            response.drop_headers("set-cookie")
            response.headers += [("set-cookie", line) for line in changed if line]

    return ChangesCookies


def drop_headers(*names: str) -> type[ProxyBehaviour]:
    """Take headers away."""

    class DropsHeaders(ProxyBehaviour):
        def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
            response.drop_headers(*names)

    return DropsHeaders


def drop_request_headers(*names: str) -> type[ProxyBehaviour]:
    """Take headers of requests away."""

    class DropsRequestHeaders(ProxyBehaviour):
        def before(self, request: ProxyRequest) -> ProxyResponse | None:
            for name in names:
                request.headers.pop(name, None)
            return None

    return DropsRequestHeaders


class AllowsEveryOrigin(ProxyBehaviour):
    """CORS for everyone, with credentials."""

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        if origin := request.headers.get("origin"):
            response.set_header("access-control-allow-origin", origin)
            response.set_header("access-control-allow-credentials", "true")


class ReplacesOrigin(ProxyBehaviour):
    """Replaces the Origin of every request by the deployment's own."""

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        if "origin" in request.headers:
            request.headers["origin"] = f"http://{request.headers['host']}"
        return None


DropsOrigin = drop_request_headers("origin")


class TrustsForwardedFor(ProxyBehaviour):
    """Passes on the first address of X-Forwarded-For, which the caller wrote."""

    def forward(self, request: ProxyRequest) -> None:
        claimed = request.headers.get("x-forwarded-for", request.peer)
        request.headers["x-forwarded-for"] = claimed.partition(",")[0].strip()


class KeepsForwardedFor(ProxyBehaviour):
    """Appends nothing to X-Forwarded-For: its last entry is the caller's too."""

    def forward(self, request: ProxyRequest) -> None:
        pass


class CachesSessions(ProxyBehaviour):
    """Caches responses about a session for some seconds."""

    def __init__(self) -> None:
        self._cached: dict[tuple[str, str], tuple[float, ProxyResponse]] = {}

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        until, response = self._cached.get(self.key(request), (0.0, ProxyResponse(200)))
        return response.copy() if time.monotonic() < until else None

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        if _contains_user(request, response):
            self._cached.setdefault(
                self.key(request), (time.monotonic() + _CACHE_SECONDS, response.copy())
            )

    def key(self, request: ProxyRequest) -> tuple[str, str]:
        """The key of a cached response."""
        return request.headers.get("cookie", ""), request.path


class MixesSessions(CachesSessions):
    """Caches responses about a session and sends them to every caller."""

    def key(self, request: ProxyRequest) -> tuple[str, str]:
        return "", request.path


class CachesExpiredSessions(ProxyBehaviour):
    """Answers about an expired session as it did before it expired."""

    def __init__(self) -> None:
        self._cached: dict[tuple[str, str], ProxyResponse] = {}
        self._ends: dict[str, float] = {}

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        cookie = request.headers.get("cookie", "")
        before = self._cached.get((cookie, request.path))
        if _contains_user(request, response):
            self._ends.setdefault(cookie, time.monotonic() + SHORT_SESSION)
            self._cached[cookie, request.path] = response.copy()
        elif before and time.monotonic() > self._ends[cookie] - 2:
            response.status, response.headers, response.chunks = 200, before.headers, before.chunks


class RenamesCookies(ProxyBehaviour):
    """Gives cookies a name of its own, and back again on their way to the server."""

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        if "cookie" in request.headers:
            request.headers["cookie"] = request.headers["cookie"].replace("app-sid", SESSION)
        return None

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        change_cookies(lambda line: line.replace(SESSION, "app-sid"))().after(request, response)


class JoinsCookies(ProxyBehaviour):
    """Makes one line of several."""

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        if lines := response.get_all("set-cookie"):
            response.set_header("set-cookie", ", ".join(lines))


class LosesCookies(ProxyBehaviour):
    """Loses the cookies of every second request, as servers with different keys would."""

    def __init__(self) -> None:
        self._loses = False

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        if "cookie" in request.headers:
            self._loses = not self._loses
            if self._loses:
                del request.headers["cookie"]
        return None


class BuffersBodies(ProxyBehaviour):
    """Buffers each body before it passes it on."""

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        response.read()


class TenMinutesSlow(ProxyBehaviour):
    """Sets the Date header ten minutes back."""

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        date = parsedate_to_datetime(response.get_all("date")[0]) - TEN_MINUTES
        response.set_header("date", format_datetime(date, usegmt=True))


class RedirectsToLogin(ProxyBehaviour):
    """Redirects callers who are not signed in to a page."""

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        if response.status == 401:
            response.status, response.headers, response.chunks = 302, [("location", "/login")], []


class ShowsAPage(ProxyBehaviour):
    """Answers everything with a page of its own."""

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        return ProxyResponse(200, [("content-type", "text/html")], [_PAGE])


class AddsASlash(ProxyBehaviour):
    """Sends every path below /api to the same with a slash at its end."""

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        if not request.path.startswith("/api") or request.path.endswith("/"):
            return None
        return ProxyResponse(308, [("location", f"{request.path}/")])


class RefusesPreflights(ProxyBehaviour):
    """Knows no OPTIONS."""

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        return ProxyResponse(405) if request.method == "OPTIONS" else None


class AnswersPreflights(ProxyBehaviour):
    """Answers preflights by itself and allows every origin, as the Hub's edge does."""

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        if request.method != "OPTIONS":
            return None
        allowed = [
            ("access-control-allow-origin", request.headers.get("origin", "*")),
            ("access-control-allow-methods", "GET, POST"),
            ("access-control-allow-headers", "content-type"),
        ]
        return ProxyResponse(204, [*allowed, ("x-proxied-host", "http://10.0.0.7")])


class BreaksAfterRevocation(ProxyBehaviour):
    """Closes every connection after the first request that revokes sessions."""

    def __init__(self) -> None:
        self._broken = False

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        if self._broken:
            raise ConnectionResetError
        return None

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        self._broken = request.path.endswith("/revoke-other-sessions")


def _contains_user(request: ProxyRequest, response: ProxyResponse) -> bool:
    if request.path not in _SESSION_PATHS or SESSION not in request.headers.get("cookie", ""):
        return False
    return response.status == 200 and b'"user"' in response.read()
