"""Set-Cookie lines: read as a browser reads them, and explained."""

from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from panel import words


@dataclass(frozen=True)
class SetCookie:
    """One Set-Cookie line (RFC 6265, section 5.2). Attribute names are in lower case."""

    name: str
    value: str
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def deletes(self) -> bool:
        """Whether the line tells the browser to forget the cookie."""
        age = self.attributes.get("max-age")
        if age is not None:
            return age.lstrip("-").isdecimal() and int(age) <= 0
        return _is_past(self.attributes.get("expires", ""))

    @property
    def path(self) -> str:
        given = self.attributes.get("path", "")
        return given if given.startswith("/") else "/"


def read_set_cookie(line: str) -> SetCookie:
    """Read one Set-Cookie line."""
    first, *rest = line.split(";")
    name, _, value = (part.strip() for part in first.partition("="))
    pairs = (part.partition("=") for part in rest)
    return SetCookie(name, value, {key.strip().lower(): told.strip() for key, _, told in pairs})


def explained(cookie: SetCookie) -> list[tuple[str, str]]:
    """Return what each part of a Set-Cookie line means, and what its absence means."""
    lines = [(prefix, told) for prefix, told in words.PREFIXES.items() if _has(cookie, prefix)]
    if cookie.deletes:
        return [*lines, (_spelled(cookie, "max-age", "expires"), words.COOKIE_DELETED)]
    lines.append(_lifetime(cookie))
    lines += [_flag(cookie, "httponly", *words.HTTP_ONLY), _flag(cookie, "secure", *words.SECURE)]
    lines.append(_same_site(cookie))
    if "partitioned" in cookie.attributes:
        lines.append(("Partitioned", words.PARTITIONED))
    domain = cookie.attributes.get("domain")
    lines.append((f"Domain={domain}", words.DOMAIN) if domain else ("no Domain", words.NO_DOMAIN))
    everywhere = cookie.path == "/"
    lines.append((f"Path={cookie.path}", words.PATH_ROOT if everywhere else words.PATH_BELOW))
    return lines


def _has(cookie: SetCookie, prefix: str) -> bool:
    return cookie.name.startswith(prefix)


def _lifetime(cookie: SetCookie) -> tuple[str, str]:
    age = cookie.attributes.get("max-age", "")
    if age.isdecimal():
        return f"Max-Age={age}", words.kept_for(words.duration(int(age)))
    if "expires" in cookie.attributes:
        told = cookie.attributes["expires"]
        return f"Expires={told}", words.kept_for(f"{told}")
    return "no Max-Age", words.SESSION_COOKIE


def _flag(cookie: SetCookie, name: str, shown: str, there: str, absent: str) -> tuple[str, str]:
    return (shown, there) if name in cookie.attributes else (f"no {shown}", absent)


def _same_site(cookie: SetCookie) -> tuple[str, str]:
    told = cookie.attributes.get("samesite", "")
    known = words.SAME_SITE.get(told.lower())
    return (f"SameSite={told}", known) if known else ("no SameSite", words.SAME_SITE["lax"])


def _spelled(cookie: SetCookie, *names: str) -> str:
    shown = {"max-age": "Max-Age", "expires": "Expires"}
    name = next(each for each in names if each in cookie.attributes)
    return f"{shown[name]}={cookie.attributes[name]}"


def _is_past(date: str) -> bool:
    """Whether an Expires date lies at the beginning of time, as those that delete a cookie do."""
    try:
        return bool(date) and parsedate_to_datetime(date).year <= 1970
    except ValueError:
        return False
