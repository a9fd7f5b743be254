"""Sends calls from the test browsers of a panel session, and keeps the history."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from string import ascii_uppercase

from doctor.client.set_cookie import parse_set_cookie
from doctor.client.sites import is_same_site
from panel.client.loopback import Call, Loopback, ReceivedResponse
from panel.client.visitor import CurrentAdmin
from panel.ports import Clock
from panel.tester.browsers import Browser, BrowserStore
from panel.tester.exchange import Exchange, Preflight, response_json
from panel.tester.history import History

_SIMPLE = {"GET", "HEAD", "POST"}


class Tester:
    """Sends requests as a browser would; each test browser has its own cookies."""

    def __init__(self, loopback: Loopback, browser_store: BrowserStore, clock: Clock) -> None:
        self._loopback = loopback
        self._browsers = browser_store
        self.clock = clock
        self.public_url = loopback.public_url

    def browser(self, admin: CurrentAdmin, name: str) -> Browser:
        """Return one of the admin's browsers."""
        return self._browsers.browser(admin.key, name)

    def browser_names(self, admin: CurrentAdmin) -> list[str]:
        """Return the names of the admin's browsers."""
        return self._browsers.names(admin.key)

    def add_browser(self, admin: CurrentAdmin, name: str, *, impersonates: bool = False) -> Browser:
        """Add a new browser with this name."""
        browser = self._browsers.add(admin.key, name)
        browser.impersonates = impersonates
        return browser

    def add_lettered(self, admin: CurrentAdmin) -> str:
        """Add a new browser named by the next free letter; returns the letter."""
        used = self.browser_names(admin)
        letter = next(each for each in ascii_uppercase if each not in used)
        self.add_browser(admin, letter)
        return letter

    def history(self, admin: CurrentAdmin) -> History:
        """Return what the admin has sent, newest first."""
        return self._browsers.history(admin.key)

    def limited(self, admin: CurrentAdmin) -> dict[str, datetime]:
        """Return the rate-limited paths, and until when."""
        return self.history(admin).limited(self.clock.now())

    async def send(self, admin: CurrentAdmin, name: str, call: Call) -> Exchange:
        """Send a call from a browser and keep its cookies; raises InvalidCall or NoResponse."""
        async for step in self.stream(admin, name, call):
            exchange = step
        return exchange

    async def stream(self, admin: CurrentAdmin, name: str, call: Call) -> AsyncIterator[Exchange]:
        """As `send`, but yields an event stream as it arrives."""
        browser = self.browser(admin, name)
        preflight = await self._send_preflight(admin, call)
        cookie_header = browser.cookie_header(call.path)
        withheld = self._withheld_cookies(browser, call)
        started = self.clock.now()
        async for request, response in self._loopback.stream(call, cookie_header, admin.address):
            cookies = tuple(map(parse_set_cookie, response.set_cookies()))
            latest = Exchange(name, call, request, response, cookies, started, preflight=preflight)
            if not response.is_complete:
                yield latest
        for cookie in latest.cookies:
            browser.keep(cookie)
        _note_user(browser, latest.response)
        yield self.history(admin).remember(replace(latest, withheld_cookies=withheld))

    async def _send_preflight(self, admin: CurrentAdmin, call: Call) -> Preflight | None:
        """Send the preflight that a browser sends before a cross-origin request that needs one."""
        is_simple = call.method in _SIMPLE and not call.body and not call.headers
        if not self._loopback.is_foreign(call) or is_simple:
            return None
        header_names = [name.lower() for name, _ in call.headers]
        header_names += ["content-type"] if call.body else []
        headers = [("Access-Control-Request-Method", call.method)]
        if header_names:
            headers.append(("Access-Control-Request-Headers", ",".join(sorted(header_names))))
        preflight = Call("OPTIONS", call.path, origin=call.origin, headers=tuple(headers))
        return Preflight(*await self._loopback.send(preflight, "", call.address or admin.address))

    def _withheld_cookies(self, browser: Browser, call: Call) -> tuple[str, ...]:
        """Return the cookies that SameSite would keep out of this request.

        They are sent anyway, to test the server's own checks.
        """
        if not self._loopback.is_foreign(call) or is_same_site(call.origin, self._loopback.origin):
            return ()
        sent = browser.cookies_for(call.path)
        return tuple(cookie.name for cookie in sent if cookie.same_site != "none")


def _note_user(browser: Browser, response: ReceivedResponse) -> None:
    if not any(name.endswith("session_token") for name in browser.cookies):
        browser.signed_in_as = None
        return
    payload = response_json(response)
    user = payload.get("user") if isinstance(payload, dict) else None
    if response.status == 200 and isinstance(user, dict) and isinstance(user.get("email"), str):
        browser.signed_in_as = user["email"]
