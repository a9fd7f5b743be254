"""Links that open an app, such as myapp://open/chat: trusted by scheme, host and path."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from backend.kernel.configuration.globs import admits_host, matches
from backend.kernel.configuration.web_urls import has_wildcard

_FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x20\x7f-\x9f\\]")


@dataclass(frozen=True, slots=True)
class AppLink:
    """The parts of a link that decide, or of a pattern of them (wire.md 1.5)."""

    scheme: str
    authority: str
    path: str

    def covers(self, link: "AppLink") -> bool:
        """Tell whether this pattern covers a link. A part that is empty covers everything."""
        if self.scheme != link.scheme:
            return False
        if not has_wildcard(self.authority + self.path):
            is_host = self.authority in {"", link.authority}
            return is_host and f"{link.path}/".startswith(f"{self.path}/")
        if "@" in link.authority:
            return False
        if self.authority and not admits_host(self.authority, link.authority):
            return False
        return matches(self.path or "**", link.path or "/")


def is_app_pattern(pattern: str) -> bool:
    """Tell whether a trusted origin is an app's: any scheme but http and https."""
    scheme, separator, _ = pattern.lower().partition("://")
    return bool(separator) and scheme not in {"http", "https"} and not has_wildcard(scheme)


def parse_app_link(text: str, *, is_pattern: bool = False) -> AppLink | None:
    """Return the parts of a link, or None if it has no scheme or may mean two things.

    Dots in the path are resolved, so that myapp://open/../admin is not within myapp://open.
    """
    scheme, separator, rest = text.partition("://")
    if not separator or _FORBIDDEN_CHARACTERS.search(text):
        return None
    before_query = re.split("#" if is_pattern else "[?#]", rest, maxsplit=1)[0]
    authority, _, path = before_query.partition("/")
    return AppLink(scheme.lower(), authority.lower(), _resolve(path))


def _resolve(path: str) -> str:
    segments: list[str] = []
    for segment in unquote(path).split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in {"", "."}:
            segments.append(segment)
    return "".join(f"/{segment}" for segment in segments)
