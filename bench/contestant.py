"""One of those that are measured: its server, whom it knows, and how it is asked."""

import http.client
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.asking import Request
from bench.names import NODE_CACHED, USERS_PEER
from bench.seeds import Postgres, Seeds, Sqlite
from bench.servers import Server

_CACHED_COOKIES = 300


@dataclass
class Contestant:
    """A running server, what it knows, and the cookies that open the sessions to check."""

    server: Server
    seeds: Seeds
    rows: Postgres | Sqlite
    own_cookies: list[str] = field(default_factory=list)
    warm: bool = False

    @property
    def name(self) -> str:
        return self.server.name

    @property
    def check_path(self) -> str:
        """Where this server tells who the caller is."""
        return "/users/me" if self.name == USERS_PEER else "/api/auth/get-session"

    def cookies(self) -> list[str]:
        """Return the cookies to check; those of a cookie cache live five minutes and are new."""
        if self.name != NODE_CACHED:
            return self.own_cookies
        return [self._with_cache(cookie) for cookie in self.own_cookies[:_CACHED_COOKIES]]

    def checks(self, cookies: Sequence[str] | None = None) -> list[Request]:
        """Return a session check for each cookie."""
        shown = self.cookies() if cookies is None else cookies
        return [Request("GET", self.check_path, cookie) for cookie in shown]

    def ask(self, request: Request) -> tuple[int, bytes, list[str]]:
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
        _, _, lines = self.ask(Request("GET", self.check_path, cookie))
        return "; ".join([cookie, *(line.partition(";")[0] for line in lines)])
