"""The Tester's browsers: each with its own cookies, kept here and forgotten with the session."""

from collections import OrderedDict
from dataclasses import dataclass, field

from doctor.set_cookie import SetCookie
from panel.ports import Clock
from panel.tester.history import History

LETTERS = ("A", "B", "C")
_BROWSERS_AT_MOST = 8
_COOKIES_AT_MOST, _LONGEST_COOKIE = 50, 4096  # as browsers do
_DESKS_AT_MOST = 50
_FORGOTTEN_AFTER = 86_400.0  # seconds unused; no session of the panel lives longer


@dataclass
class Browser:
    """A cookie jar, and whom the server last said it belongs to.

    It talks to one server only and sends what is Secure over loopback too: what the server sets is
    decided by the URL browsers use, not by how the Tester reaches it.
    """

    cookies: OrderedDict[str, SetCookie] = field(default_factory=OrderedDict)
    signed_in_as: str | None = None
    impersonates: bool = False
    """Whether an admin acts as somebody else in it."""

    def sent_to(self, path: str) -> list[SetCookie]:
        """Return the cookies that go with a request to `path`."""
        return [each for each in self.cookies.values() if _matches(path, each.path)]

    def cookie_header(self, path: str) -> str:
        """Return the Cookie header for a request to `path`, or an empty string."""
        return "; ".join(f"{each.name}={each.value}" for each in self.sent_to(path))

    def keep(self, cookie: SetCookie) -> None:
        """Do what a Set-Cookie line asks for."""
        self.cookies.pop(cookie.name, None)
        if cookie.deletes or len(cookie.name) + len(cookie.value) > _LONGEST_COOKIE:
            return
        self.cookies[cookie.name] = cookie
        if len(self.cookies) > _COOKIES_AT_MOST:
            self.cookies.popitem(last=False)

    def clear(self) -> None:
        """Forget everything, as a fresh browser."""
        self.cookies.clear()
        self.signed_in_as = None
        self.impersonates = False


@dataclass
class _Desk:
    browsers: dict[str, Browser]
    used: float
    history: History = field(default_factory=History)


class Desks:
    """The browsers of each session of the panel, and what was sent in them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._desks: OrderedDict[str, _Desk] = OrderedDict()

    def browser(self, session: str, name: str) -> Browser:
        """Return one of the session's browsers; the first, where one had to make room."""
        browsers = self._desk(session).browsers
        return browsers.get(name) or browsers[LETTERS[0]]

    def names(self, session: str) -> list[str]:
        """Return the names of the session's browsers: three letters, then those that were added."""
        return list(self._desk(session).browsers)

    def add(self, session: str, name: str) -> Browser:
        """Open a fresh browser under a name of its own; the oldest one added may make room."""
        browsers = self._desk(session).browsers
        browsers.pop(name, None)
        browsers[name] = Browser()
        if len(browsers) > _BROWSERS_AT_MOST:
            del browsers[next(each for each in browsers if each not in LETTERS)]
        return browsers[name]

    def history(self, session: str) -> History:
        """Return what was sent in the session's browsers."""
        return self._desk(session).history

    def forget(self, session: str | None) -> None:
        """Forget the browsers of a session that is over."""
        self._desks.pop(session or "", None)

    def _desk(self, session: str) -> _Desk:
        now = self._clock.monotonic()
        self._drop_unused(now)
        desk = self._desks.pop(session, None) or _Desk({each: Browser() for each in LETTERS}, now)
        desk.used = now
        self._desks[session] = desk
        if len(self._desks) > _DESKS_AT_MOST:
            self._desks.popitem(last=False)
        return desk

    def _drop_unused(self, now: float) -> None:
        while self._desks:
            session, desk = next(iter(self._desks.items()))
            if now - desk.used < _FORGOTTEN_AFTER:
                return
            del self._desks[session]


def _matches(path: str, cookie_path: str) -> bool:
    """Whether a cookie of `cookie_path` goes with a request to `path` (RFC 6265, section 5.1.4)."""
    path = path.partition("?")[0]
    below = cookie_path if cookie_path.endswith("/") else f"{cookie_path}/"
    return path == cookie_path or path.startswith(below)
