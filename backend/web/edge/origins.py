"""Which sites may act for a signed-in browser, and where we may send it."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from backend.kernel.refusals import Refusal, refusal_without_code

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_HIDDEN_SLASH = re.compile(r"%2f|%5c", re.IGNORECASE)
_SIGN_IN = re.compile(r"/(sign-in|sign-up|email-otp|two-factor|passkey|magic-link)(/|$)")
MAX_TARGET_LENGTH = 2048  # characters
TARGETS = {
    "callbackURL": "INVALID_CALLBACK_URL",
    "redirectTo": "INVALID_REDIRECT_URL",
    "errorCallbackURL": "INVALID_ERROR_CALLBACK_URL",
    "newUserCallbackURL": "INVALID_NEW_USER_CALLBACK_URL",
}
"""Fields that say where to send somebody, and how each is refused."""


def origin_of(url: str) -> str | None:
    """Return scheme, host and port of a URL in their normal form, or None if it has none."""
    if _FORBIDDEN.search(url):
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

    `*` and `?` stand for anything but a slash. A pattern with a scheme matches only that scheme,
    one without a scheme only the host, and one without either matches nothing.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._globs = [_glob(each) for each in patterns if _is_glob(each)]
        self._apps = [each for each in patterns if "://" in each and not _is_web(each)]
        sites = [each for each in patterns if _is_web(each) and not _is_glob(each)]
        self._exact = {origin_of(each) for each in sites} - {None}
        self.trusts = lru_cache(1024)(self._trusts)

    def _trusts(self, url: str) -> bool:
        """Tell whether the origin of this URL (or this Origin header) is trusted."""
        if any(_is_within(url, app) for app in self._apps):
            return True
        origin = origin_of(url)
        if origin is None:
            return False
        return origin in self._exact or any(matches(origin) for matches in self._globs)

    def check_request(self, method: str, path: str, headers: Mapping[bytes, bytes]) -> None:
        """Refuse a request that another site may have made the browser send (ASVS 3.5.1).

        With a cookie, every change needs a trusted Origin. Signing in needs one even without a
        cookie as soon as a browser is seen to ask: otherwise a foreign page could sign its visitor
        in as somebody else. Callers that are no browsers send neither and pass.
        """
        if method in _SAFE_METHODS:
            return
        if b"cookie" in headers:
            self._require_trusted(headers)
        elif _SIGN_IN.search(path):
            self._check_sign_in(headers)

    def _check_sign_in(self, headers: Mapping[bytes, bytes]) -> None:
        fetch = [headers.get(name, b"") for name in (b"sec-fetch-site", b"sec-fetch-mode")]
        if fetch == [b"cross-site", b"navigate"]:
            raise Refusal("CROSS_SITE_NAVIGATION_LOGIN_BLOCKED")
        others = [headers.get(name) for name in (b"sec-fetch-dest", b"origin", b"referer")]
        if any([*fetch, *others]):
            self._require_trusted(headers)

    def check_targets(self, said: Mapping[str, Any]) -> None:
        """Refuse to send anybody to a place we do not know (ASVS 3.7.2)."""
        for name, code in TARGETS.items():
            target = said.get(name)
            if not target:
                continue
            if not isinstance(target, str):
                label = "redirectURL" if name == "redirectTo" else name  # as Better Auth calls it
                raise refusal_without_code(f"Invalid {label}: expected a string")
            if not self.allows_target(target):
                raise Refusal(code)

    def allows_target(self, target: str) -> bool:
        """Tell whether a browser may be sent there: our own path, or a trusted origin's URL.

        It is stored and mailed, some twelve times as long as it came, so it has a length that every
        browser and proxy takes.
        """
        if len(target) > MAX_TARGET_LENGTH or _FORBIDDEN.search(target):
            return False
        if not target.startswith("/"):
            return self.trusts(target)
        path = target.partition("?")[0].partition("#")[0]
        if target.startswith("//") or _HIDDEN_SLASH.search(path):
            return False
        # Once its dots are resolved, "/..//evil.example" begins with two slashes.
        decoded = unquote(path)
        return not ("//" in decoded and "/." in decoded)

    def _require_trusted(self, headers: Mapping[bytes, bytes]) -> None:
        said = headers.get(b"origin") or headers.get(b"referer") or b""
        if said == b"null" and headers.get(b"sec-fetch-site") == b"same-origin":
            return
        if said in {b"", b"null"}:
            raise Refusal("MISSING_OR_NULL_ORIGIN")
        if not self.trusts(said.decode("latin-1")):
            raise Refusal("INVALID_ORIGIN")


def _is_glob(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def _is_web(pattern: str) -> bool:
    return pattern.lower().startswith(("http://", "https://")) or _is_glob(pattern)


def _is_within(url: str, app: str) -> bool:
    """Tell whether a URL such as myapp://open/chat lies within a pattern such as myapp://open."""
    try:
        given, wanted = urlsplit(url), urlsplit(app)
    except ValueError:
        return False
    if _FORBIDDEN.search(url) or given.scheme != wanted.scheme:
        return False
    if wanted.netloc and given.netloc.lower() != wanted.netloc.lower():
        return False
    folder = wanted.path.rstrip("/")
    return given.path == folder or given.path.startswith(f"{folder}/")


def _glob(pattern: str) -> Any:
    with_scheme = "://" in pattern
    parts = {"*": "[^/]*", "?": "[^/]"}
    body = "".join(parts.get(char) or re.escape(char) for char in pattern.lower())
    compiled = re.compile(body)
    wanted_host = pattern.rpartition("://")[2].partition(":")[0]
    only_ipv4 = re.sub(r"[*?.]", "", wanted_host).isdigit()

    def matches(origin: str) -> bool:
        host = urlsplit(origin).netloc
        if only_ipv4 and not _is_ipv4(host.partition(":")[0]):
            return False
        return compiled.fullmatch(origin if with_scheme else host) is not None

    return matches


def _is_ipv4(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 4
    except ValueError:
        return False
