"""A server under test: a running server, its seeded data, and how to send requests to it."""

import http.client
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.rig.load_requests import LoadRequest
from bench.rig.seeds import Rows, Seeds
from bench.rig.servers import ServerProcess
from bench.server_names import BETTER_AUTH_CACHED, FASTAPI_USERS

_CACHED_COOKIES = 300


@dataclass
class Subject:
    """A running server, its seeds, and the cookies of the sessions to check."""

    server: ServerProcess
    seeds: Seeds
    rows: Rows
    session_cookies: list[str] = field(default_factory=list)
    is_warm: bool = False

    @property
    def name(self) -> str:
        return self.server.name

    @property
    def check_path(self) -> str:
        """The path that returns the caller's user."""
        return "/users/me" if self.name == FASTAPI_USERS else "/api/auth/get-session"

    def cookies(self) -> list[str]:
        """Return the cookies to check; those of a cookie cache last five minutes, so are new."""
        if self.name != BETTER_AUTH_CACHED:
            return self.session_cookies
        return [self._with_cache(cookie) for cookie in self.session_cookies[:_CACHED_COOKIES]]

    def checks(self, cookies: Sequence[str] | None = None) -> list[LoadRequest]:
        """Return a session check for each cookie."""
        chosen = self.cookies() if cookies is None else cookies
        return [LoadRequest("GET", self.check_path, cookie) for cookie in chosen]

    def send(self, request: LoadRequest) -> tuple[int, bytes, list[str]]:
        """Send one request; returns status, body, and the cookies that are set."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            headers = {"Origin": self.server.url, "Content-Type": "application/json"}
            if request.form:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            if request.cookie:
                headers["Cookie"] = request.cookie
            if request.address:
                headers["X-Forwarded-For"] = request.address
            connection.request(request.method, request.path, request.body or None, headers)
            response = connection.getresponse()
            lines = [value for name, value in response.getheaders() if name.lower() == "set-cookie"]
            return response.status, response.read(), lines
        finally:
            connection.close()

    def _with_cache(self, cookie: str) -> str:
        _, _, lines = self.send(LoadRequest("GET", self.check_path, cookie))
        return "; ".join([cookie, *(line.partition(";")[0] for line in lines)])
