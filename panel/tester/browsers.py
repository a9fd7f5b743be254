"""The Tester's browsers: each has its own cookies, forgotten with the panel session."""

from collections import OrderedDict
from dataclasses import dataclass, field

from doctor.client.set_cookie import SetCookie
from panel.ports import Clock
from panel.tester.history import History

BROWSER_NAMES = ("A", "B", "C")
_MAX_BROWSERS = 8
_MAX_COOKIES, _MAX_COOKIE_LENGTH = 50, 4096  # as browsers do
_MAX_SESSIONS = 50
_FORGET_AFTER = 86_400.0  # seconds unused; no session of the panel lives longer


@dataclass
class Browser:
    """A cookie jar, and the user the server last named for it.

    It talks to one server only and sends Secure cookies over loopback too: the server sets cookies
    for the URL that browsers use, however the Tester reaches it.
    """

    cookies: OrderedDict[str, SetCookie] = field(default_factory=OrderedDict)
    signed_in_as: str | None = None
    impersonates: bool = False
    """Whether an admin impersonates a user in it."""

    def cookies_for(self, path: str) -> list[SetCookie]:
        """Return the cookies that go with a request to `path`."""
        return [each for each in self.cookies.values() if _path_matches(path, each.path)]

    def cookie_header(self, path: str) -> str:
        """Return the Cookie header for a request to `path`, or an empty string."""
        return "; ".join(f"{each.name}={each.value}" for each in self.cookies_for(path))

    def keep(self, cookie: SetCookie) -> None:
        """Apply a Set-Cookie line."""
        self.cookies.pop(cookie.name, None)
        if cookie.is_deletion or len(cookie.name) + len(cookie.value) > _MAX_COOKIE_LENGTH:
            return
        self.cookies[cookie.name] = cookie
        if len(self.cookies) > _MAX_COOKIES:
            self.cookies.popitem(last=False)

    def clear(self) -> None:
        """Forget everything, like a new browser."""
        self.cookies.clear()
        self.signed_in_as = None
        self.impersonates = False


@dataclass
class _SessionBrowsers:
    browsers: dict[str, Browser]
    used: float
    history: History = field(default_factory=History)


class BrowserStore:
    """The browsers and history of each panel session."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: OrderedDict[str, _SessionBrowsers] = OrderedDict()

    def browser(self, session: str, name: str) -> Browser:
        """Return one of the session's browsers; the first if it has been dropped."""
        browsers = self._entry(session).browsers
        return browsers.get(name) or browsers[BROWSER_NAMES[0]]

    def names(self, session: str) -> list[str]:
        """Return the names of the session's browsers: A, B, C, then added ones."""
        return list(self._entry(session).browsers)

    def add(self, session: str, name: str) -> Browser:
        """Add a new browser; beyond the maximum the oldest added one is dropped."""
        browsers = self._entry(session).browsers
        browsers.pop(name, None)
        browsers[name] = Browser()
        if len(browsers) > _MAX_BROWSERS:
            del browsers[next(each for each in browsers if each not in BROWSER_NAMES)]
        return browsers[name]

    def history(self, session: str) -> History:
        """Return the session's history."""
        return self._entry(session).history

    def forget(self, session: str | None) -> None:
        """Forget the browsers of an ended session."""
        self._entries.pop(session or "", None)

    def _entry(self, session: str) -> _SessionBrowsers:
        now = self._clock.monotonic()
        self._drop_unused(now)
        entry = self._entries.pop(session, None) or _SessionBrowsers(
            {each: Browser() for each in BROWSER_NAMES}, now
        )
        entry.used = now
        self._entries[session] = entry
        if len(self._entries) > _MAX_SESSIONS:
            self._entries.popitem(last=False)
        return entry

    def _drop_unused(self, now: float) -> None:
        while self._entries:
            session, entry = next(iter(self._entries.items()))
            if now - entry.used < _FORGET_AFTER:
                return
            del self._entries[session]


def _path_matches(path: str, cookie_path: str) -> bool:
    """Tell whether a cookie's path matches a request's (RFC 6265, section 5.1.4)."""
    path = path.partition("?")[0]
    below = cookie_path if cookie_path.endswith("/") else f"{cookie_path}/"
    return path == cookie_path or path.startswith(below)
