"""The security headers of every response (ASVS 3.4)."""

from backend.web.request_context import RawHeaders

API_POLICY = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
]
_HSTS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")


class SecurityHeaders:
    """The browser-security headers of one deployment."""

    def __init__(self, *, https: bool) -> None:
        self._common: RawHeaders = [*_ALWAYS, _HSTS] if https else _ALWAYS
        self._api: RawHeaders = [
            *self._common,
            (b"content-security-policy", API_POLICY),
            (b"x-frame-options", b"DENY"),
        ]

    def missing(self, headers: RawHeaders) -> RawHeaders:
        """Return the security headers to add to these; what has its own CSP may replace others."""
        for name, _ in headers:
            if name == b"content-security-policy":
                own = {name for name, _ in headers}
                return [pair for pair in self._common if pair[0] not in own]
        return self._api
