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
            return _is_whole(age.removeprefix("-")) and int(age) <= 0
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
    lines = [_prefix(cookie), _lifetime(cookie)]
    if not cookie.deletes:
        lines += [
            _flag(cookie, "httponly", *words.HTTP_ONLY),
            _flag(cookie, "secure", *words.SECURE),
            _same_site(cookie),
            ("Partitioned", words.PARTITIONED if "partitioned" in cookie.attributes else ""),
            _domain(cookie),
            (f"Path={cookie.path}", words.PATH_ROOT if cookie.path == "/" else words.PATH_BELOW),
        ]
    return [(part, meaning) for part, meaning in lines if meaning]


def _prefix(cookie: SetCookie) -> tuple[str, str]:
    prefix = next((each for each in words.PREFIXES if cookie.name.startswith(each)), "")
    return prefix, words.PREFIXES.get(prefix, "")


def _lifetime(cookie: SetCookie) -> tuple[str, str]:
    age, date = cookie.attributes.get("max-age", ""), cookie.attributes.get("expires", "")
    part = f"Max-Age={age}" if age else f"Expires={date}" if date else "no Max-Age"
    if cookie.deletes:
        return part, words.COOKIE_DELETED
    if _is_whole(age):
        return part, words.kept(f"for {words.duration(int(age))}")
    return part, words.kept(f"until {date}") if date and not age else words.SESSION_COOKIE


def _flag(cookie: SetCookie, name: str, shown: str, there: str, absent: str) -> tuple[str, str]:
    return (shown, there) if name in cookie.attributes else (f"no {shown}", absent)


def _same_site(cookie: SetCookie) -> tuple[str, str]:
    told = cookie.attributes.get("samesite", "")
    known = words.SAME_SITE.get(told.lower())
    return (f"SameSite={told}", known) if known else ("no SameSite", words.SAME_SITE["lax"])


def _domain(cookie: SetCookie) -> tuple[str, str]:
    told = cookie.attributes.get("domain")
    return (f"Domain={told}", words.DOMAIN) if told else ("no Domain", words.NO_DOMAIN)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 15


def _is_past(date: str) -> bool:
    """Whether an Expires date lies at the beginning of time, as those that delete a cookie do."""
    try:
        return bool(date) and parsedate_to_datetime(date).year <= 1970
    except (ValueError, OverflowError):
        return False
