"""The panel's own cookies.

Inside the Hub's frame the panel is a third party, so browsers keep only partitioned cookies. Such a
cookie is never sent with requests of other sites, nor the cookie of a direct visit from inside a
frame. Their names differ so that neither can be used in place of the other.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from panel.client.visitor import CookieKind

_VALUE = re.compile(r"[A-Za-z0-9._~%+/=-]{1,1024}")
_AGES = {  # seconds; the session cookie ends with the browser
    CookieKind.DEVICE: 34_560_000,  # 400 days, the most a browser keeps
    CookieKind.CHALLENGE: 600,
    CookieKind.TRUSTED: 2_592_000,
    CookieKind.PASSKEY: 300,
    CookieKind.STATE: 300,
}


@dataclass(frozen=True)
class _CookieVariant:
    name: str
    attributes: str

    def line(self, suffix: str, value: str, max_age: int | None) -> str:
        age = "" if max_age is None else f"; Max-Age={max_age}"
        return f"{self.name}{suffix}={value}{age}; Path=/; HttpOnly{self.attributes}"


DIRECT = _CookieVariant("__Host-gatehouse_panel", "; Secure; SameSite=Lax")
FRAMED = _CookieVariant("__Host-gatehouse_panel_embed", "; Secure; SameSite=None; Partitioned")
# On plain http (localhost, a LAN) browsers drop Secure cookies, and sign-in would loop.
PLAIN = _CookieVariant("gatehouse_panel", "; SameSite=Lax")
_MAX_VALUES = 5  # values; each may cost a call to the API


class PanelCookies:
    """The cookies of one deployment. Their values are the API's signed ones, never parsed here."""

    def __init__(self, *, secure: bool) -> None:
        self._variants = (DIRECT, FRAMED) if secure else (PLAIN,)

    def values_in(self, header: str, kind: CookieKind) -> list[str]:
        """Return the values of a kind in a Cookie header; the API knows which are valid.

        There may be several, if a cookie of the whole domain has the same name or one is left from
        a visit in a frame. Only the first few count.
        """
        pairs = [_pair(part) for part in header.split(";")]
        names = [variant.name + _suffix(kind) for variant in self._variants]
        values = (value for expected in names for name, value in pairs if name == expected)
        return list(dict.fromkeys(filter(_VALUE.fullmatch, values)))[:_MAX_VALUES]

    def set_cookies(self, values: Mapping[CookieKind, str], *, framed: bool) -> list[str]:
        """Return the Set-Cookie lines of these values; an empty one deletes its cookie."""
        variant = self._variants[-1] if framed else self._variants[0]
        return [
            variant.line(_suffix(kind), value, _AGES.get(kind) if value else 0)
            for kind, value in values.items()
        ]

    def clear(self) -> list[str]:
        """Return the Set-Cookie lines of a sign-out. What is known of the browser stays."""
        return [variant.line("", "", 0) for variant in self._variants]


def _suffix(kind: CookieKind) -> str:
    return "" if kind is CookieKind.SESSION else f"_{kind}"


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip(), value.strip()
