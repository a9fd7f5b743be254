"""Performs calls in the browsers of one session of the panel, and keeps what came of them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from string import ascii_uppercase

from doctor.client.set_cookie import parse_set_cookie
from doctor.client.sites import is_same_site
from panel.client.loopback import Call, Loopback, Response
from panel.client.visitor import Owner
from panel.ports import Clock
from panel.tester.browsers import Browser, BrowserStore
from panel.tester.exchange import Exchange, Preflight, response_json
from panel.tester.history import History

_SIMPLE = {"GET", "HEAD", "POST"}


class Tester:
    """Sends as a browser would; each browser has its own cookies."""

    def __init__(self, loopback: Loopback, browser_store: BrowserStore, clock: Clock) -> None:
        self._loopback = loopback
        self._entries = browser_store
        self._clock = clock
        self.public_url = loopback.public_url

    def browser(self, owner: Owner, name: str) -> Browser:
        """Return one of the owner's browsers."""
        return self._entries.browser(owner.key, name)

    def browser_names(self, owner: Owner) -> list[str]:
        """Return the names of the owner's browsers."""
        return self._entries.names(owner.key)

    def add_browser(self, owner: Owner, name: str, *, impersonates: bool = False) -> Browser:
        """Open a fresh browser for the owner, under a name of its own."""
        browser = self._entries.add(owner.key, name)
        browser.impersonates = impersonates
        return browser

    def add_lettered(self, owner: Owner) -> str:
        """Open a fresh browser under the next free letter; returns the letter."""
        taken = self.browser_names(owner)
        letter = next(each for each in ascii_uppercase if each not in taken)
        self.add_browser(owner, letter)
        return letter

    def history(self, owner: Owner) -> History:
        """Return what the owner has sent, the newest first."""
        return self._entries.history(owner.key)

    def limited(self, owner: Owner) -> dict[str, datetime]:
        """Return which paths the server refuses for now as asked too often, and until when."""
        return self.history(owner).limited(self._clock.now())

    async def perform(self, owner: Owner, name: str, call: Call) -> Exchange:
        """Send a call from a browser and keep what it sets; raises InvalidCall or NoResponse."""
        async for exchange in self.stream(owner, name, call):
            last = exchange
        return last

    async def stream(self, owner: Owner, name: str, call: Call) -> AsyncIterator[Exchange]:
        """As `perform`, and tells of an event stream while it comes in."""
        browser = self.browser(owner, name)
        preflight = await self._send_preflight(owner, call)
        cookie_header, withheld = (
            browser.cookie_header(call.path),
            self._withheld_cookies(browser, call),
        )
        began = self._clock.now()
        async for request, response in self._loopback.stream(call, cookie_header, owner.address):
            cookies = tuple(map(parse_set_cookie, response.set_cookies()))
            latest = Exchange(name, call, request, response, cookies, began, preflight=preflight)
            if not response.is_complete:
                yield latest
        for cookie in latest.cookies:
            browser.keep(cookie)
        _note_user(browser, latest.response)
        yield self.history(owner).remember(replace(latest, withheld_cookies=withheld))

    async def _send_preflight(self, owner: Owner, call: Call) -> Preflight | None:
        """Ask as a browser does before a page of another site sends more than a form could."""
        simple = call.method in _SIMPLE and not call.body and not call.headers
        if not self._is_foreign(call) or simple:
            return None
        header_names = [name.lower() for name, _ in call.headers]
        header_names += ["content-type"] if call.body else []
        headers = [("Access-Control-Request-Method", call.method)]
        headers += (
            [("Access-Control-Request-Headers", ",".join(sorted(header_names)))]
            if header_names
            else []
        )
        preflight = Call("OPTIONS", call.path, origin=call.origin, headers=tuple(headers))
        return Preflight(*await self._loopback.send(preflight, "", call.address or owner.address))

    def _withheld_cookies(self, browser: Browser, call: Call) -> tuple[str, ...]:
        """Name the cookies that SameSite keeps out of this request.

        They are sent all the same: what is tried here is whether the server's own lock holds.
        """
        if not self._is_foreign(call) or is_same_site(call.origin, self._loopback.origin):
            return ()
        sent = browser.cookies_for(call.path)
        return tuple(cookie.name for cookie in sent if cookie.same_site != "none")

    def _is_foreign(self, call: Call) -> bool:
        return bool(call.origin) and call.origin != self._loopback.origin


def _note_user(browser: Browser, response: Response) -> None:
    if not any(name.endswith("session_token") for name in browser.cookies):
        browser.signed_in_as = None
        return
    payload = response_json(response)
    user = payload.get("user") if isinstance(payload, dict) else None
    if response.status == 200 and isinstance(user, dict) and isinstance(user.get("email"), str):
        browser.signed_in_as = user["email"]
