"""The panel's own cookies.

Inside the Hub's frame the panel is a third party: only a partitioned cookie lives there. It never
travels with a request that another site makes, and the cookie of a direct visit never with one from
inside a frame. Their names differ so that neither can stand in for the other.
"""

import re
from dataclasses import dataclass

_VALUE = re.compile(r"[A-Za-z0-9._~%+/=-]{1,1024}")
_DEVICE_AGE = 34_560_000  # seconds; 400 days, the most a browser keeps


@dataclass(frozen=True)
class _Kind:
    name: str
    attributes: str

    def line(self, suffix: str, value: str, max_age: int | None) -> str:
        age = "" if max_age is None else f"; Max-Age={max_age}"
        return f"{self.name}{suffix}={value}{age}; Path=/; HttpOnly{self.attributes}"


DIRECT = _Kind("__Host-gatehouse_panel", "; Secure; SameSite=Lax")
FRAMED = _Kind("__Host-gatehouse_panel_embed", "; Secure; SameSite=None; Partitioned")
# On plain http (localhost, a LAN) browsers refuse what is Secure, and sign-in would loop.
PLAIN = _Kind("gatehouse_panel", "; SameSite=Lax")
_DEVICE = "_device"
_AT_MOST = 5  # values; each may be a question to the API


class PanelCookies:
    """The cookies of one deployment. Their values are the API's signed ones, never looked into."""

    def __init__(self, *, secure: bool) -> None:
        self._kinds = (DIRECT, FRAMED) if secure else (PLAIN,)

    def sessions_in(self, header: str) -> list[str]:
        """Return the session's values from a Cookie header: which is alive, the API knows.

        Several, where another of ours has set one for the whole domain, or one is left of a visit
        in a frame. Of many only the first few count.
        """
        return self._find(header, "")

    def devices_in(self, header: str) -> list[str]:
        """Return the marks of a browser in which somebody signed in before."""
        return self._find(header, _DEVICE)

    def hand_over(self, token: str, device: str | None, *, framed: bool) -> list[str]:
        """Return the Set-Cookie lines of a sign-in; the session's ends with the browser."""
        kind = self._kinds[-1] if framed else self._kinds[0]
        lines = [kind.line("", token, None)]
        return lines + ([kind.line(_DEVICE, device, _DEVICE_AGE)] if device else [])

    def clear(self) -> list[str]:
        """Return the Set-Cookie lines of a sign-out. The mark of the device stays."""
        return [kind.line("", "", 0) for kind in self._kinds]

    def _find(self, header: str, suffix: str) -> list[str]:
        pairs = [_pair(part) for part in header.split(";")]
        names = [kind.name + suffix for kind in self._kinds]
        values = (value for expected in names for name, value in pairs if name == expected)
        return list(dict.fromkeys(filter(_VALUE.fullmatch, values)))[:_AT_MOST]


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip(), value.strip()
