"""The origins that may use a browser's session, and the targets it may be redirected to."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from backend.kernel.configuration.globs import admits_host, matches
from backend.kernel.configuration.web_urls import has_wildcard
from backend.kernel.refusals import Refusal, refusal_without_code
from backend.web.edge.app_links import is_app_pattern, parse_app_link

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x20\x7f\\]")
_HIDDEN_SLASH = re.compile(r"%2f|%5c", re.IGNORECASE)
_SIGN_IN = re.compile(
    r"/(sign-in|sign-up|email-otp|two-factor|passkey|magic-link|one-time-token)(/|$)"
)
_SITE = b"sec-fetch-site"
_CHECKED_AT_SIGN_IN = (
    *(_SITE, b"sec-fetch-mode", b"sec-fetch-dest"),
    *(b"origin", b"referer", b"expo-origin"),
)
MAX_TARGET_LENGTH = 2048  # characters
TARGET_FIELDS = {
    "callbackURL": "INVALID_CALLBACK_URL",
    "redirectTo": "INVALID_REDIRECT_URL",
    "errorCallbackURL": "INVALID_ERROR_CALLBACK_URL",
    "newUserCallbackURL": "INVALID_NEW_USER_CALLBACK_URL",
}
"""Fields with a redirect target, and the codes of refusals of untrusted ones."""


def origin_of(url: str) -> str | None:
    """Return scheme, host and port of a URL in normal form, or None if it has no origin."""
    if _FORBIDDEN_CHARACTERS.search(url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.scheme or not parts.hostname or re.search("[@%]", parts.netloc):
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if port is None or port == _DEFAULT_PORTS.get(parts.scheme):
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}://{host}:{port}"


class TrustedOrigins:
    """The origins that may use cookies: exact ones, and patterns such as https://*.vercel.app.

    `*` and `?` match anything but a slash. A pattern with a scheme is compared with the origin, one
    without a scheme with the host only. `on_refused` is called with what was refused.
    """

    def __init__(
        self, patterns: Sequence[str], on_refused: Callable[[str], None] = lambda _: None
    ) -> None:
        self._on_refused = on_refused
        sites = [each for each in patterns if not is_app_pattern(each)]
        self._globs = [each for each in sites if has_wildcard(each)]
        self._exact = {origin_of(each) for each in sites if not has_wildcard(each)} - {None}
        apps = (parse_app_link(each, is_pattern=True) for each in patterns if is_app_pattern(each))
        self._apps = [each for each in apps if each is not None]
        self.trusts = lru_cache(1024)(self._trusts)

    def _trusts(self, url: str) -> bool:
        """Tell whether the origin of this URL (or this Origin header) is trusted."""
        link = parse_app_link(url)
        if link is not None and any(app.covers(link) for app in self._apps):
            return True
        origin = origin_of(url)
        if origin is None:
            return False
        return origin in self._exact or any(_covers(each, origin) for each in self._globs)

    def check_request(self, method: str, path: str, headers: Mapping[bytes, bytes]) -> None:
        """Refuse cross-site request forgery (ASVS 3.5.1).

        With a cookie, every change needs a trusted Origin. Signing in needs one even without a
        cookie if a browser sends the request: otherwise another site could sign its visitor in to
        somebody else's account. Clients other than browsers send no such headers and pass.
        """
        if method in _SAFE_METHODS:
            return
        if b"cookie" in headers:
            self._require_trusted(headers)
        elif _SIGN_IN.search(path):
            self._check_sign_in(headers)

    def _check_sign_in(self, headers: Mapping[bytes, bytes]) -> None:
        if headers.get(_SITE) == b"cross-site" and headers.get(b"sec-fetch-mode") == b"navigate":
            raise Refusal("CROSS_SITE_NAVIGATION_LOGIN_BLOCKED")
        if any(headers.get(name) for name in _CHECKED_AT_SIGN_IN):
            self._require_trusted(headers)

    def check_targets(self, fields: Mapping[str, Any]) -> None:
        """Refuse untrusted redirect targets (ASVS 3.7.2)."""
        for name, code in TARGET_FIELDS.items():
            target = fields.get(name)
            if not target:
                continue
            if not isinstance(target, str):
                label = "redirectURL" if name == "redirectTo" else name  # Better Auth's name
                raise refusal_without_code(f"Invalid {label}: expected a string")
            if not self.allows_target(target):
                self._on_refused(_name_origin(target))
                raise Refusal(code)

    def allows_target(self, target: str) -> bool:
        """Tell whether a browser may be redirected to it: a path, or a URL of a trusted origin.

        It is stored and mailed, encoded up to twelve times as long, so its length is limited to
        what every browser and proxy accepts.
        """
        if len(target) > MAX_TARGET_LENGTH or _FORBIDDEN_CHARACTERS.search(target):
            return False
        if not target.startswith("/"):
            return self.trusts(target)
        path = target.partition("?")[0].partition("#")[0]
        if target.startswith("//") or _HIDDEN_SLASH.search(path):
            return False
        # With its dots resolved, "/..//evil.example" begins with two slashes.
        decoded = unquote(path)
        return not ("//" in decoded and "/." in decoded)

    def _require_trusted(self, headers: Mapping[bytes, bytes]) -> None:
        origin = find_source(headers)
        if origin == b"null" and headers.get(_SITE) == b"same-origin":
            return
        if origin in {b"", b"null"}:
            raise Refusal("MISSING_OR_NULL_ORIGIN")
        text = origin.decode("latin-1")
        if not self.trusts(text):
            self._on_refused(_name_origin(text))
            raise Refusal("INVALID_ORIGIN")


def find_source(headers: Mapping[bytes, bytes]) -> bytes:
    """Return the page or the app that a request says it comes from; empty if it does not say."""
    return headers.get(b"origin") or headers.get(b"referer") or _find_app(headers)


def _find_app(headers: Mapping[bytes, bytes]) -> bytes:
    """Return the app that names itself in `expo-origin`, as the client of Better Auth's Expo does.

    A phone's network library sends no Origin, a browser always does: what a page could send
    itself must not stand in for it. So it counts for apps' own schemes only, without an Origin and
    a Referer, and never beside a header that only a browser sends.
    """
    app = headers.get(b"expo-origin", b"")
    counts = is_app_pattern(app.decode("latin-1")) and not headers.get(_SITE)
    return app if counts else b""


def _name_origin(url: str) -> str:
    """Return what may be logged of a URL: its path and query may hold a token."""
    scheme, separator, _ = url.partition("://")
    return origin_of(url) or (f"{scheme}{separator}" if separator else "an address without origin")


def _covers(pattern: str, origin: str) -> bool:
    """Tell whether a pattern of web origins covers this one."""
    scheme, separator, authority = pattern.lower().rpartition("://")
    actual_scheme, _, actual_authority = origin.partition("://")
    if separator and not matches(scheme, actual_scheme):
        return False
    return admits_host(authority, actual_authority)
