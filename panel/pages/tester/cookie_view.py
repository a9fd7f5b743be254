"""Explains Set-Cookie lines: what each part means, and why a browser would drop one."""

from doctor.client.set_cookie import SetCookie, rejection_reasons
from panel.pages.tester import cookie_words as words
from panel.quantities import format_duration


def explain_cookie(cookie: SetCookie) -> list[tuple[str, str]]:
    """Return what each part of a Set-Cookie line means, and each missing part."""
    lines = [_prefix(cookie), _lifetime(cookie)]
    if not cookie.is_deletion:
        lines += [
            _flag(cookie, *words.HTTP_ONLY),
            _flag(cookie, *words.SECURE),
            _same_site(cookie),
            ("Partitioned", words.PARTITIONED if cookie.has("partitioned") else ""),
            _domain(cookie),
            (f"Path={cookie.path}", words.PATH_ROOT if cookie.path == "/" else words.PATH_BELOW),
        ]
    return [(part, meaning) for part, meaning in lines if meaning]


def lifetime(cookie: SetCookie) -> str:
    """Return how long a cookie is kept."""
    return _lifetime(cookie)[1]


def flags(cookie: SetCookie) -> list[str]:
    """Return a cookie's protections: `["HttpOnly", "Secure", "SameSite=lax"]`."""
    parts = [name for name in ("HttpOnly", "Secure", "Partitioned") if cookie.has(name.lower())]
    return [*parts, f"SameSite={cookie.same_site.capitalize()}"]


def drop_reason(cookie: SetCookie, page: str) -> str:
    """Return why a browser on `page` would drop a cookie; empty if it would not."""
    reasons = rejection_reasons(cookie, page)
    return words.dropped(page, reasons) if reasons else ""


def _prefix(cookie: SetCookie) -> tuple[str, str]:
    prefix = next((each for each in words.PREFIXES if cookie.name.startswith(each)), "")
    return prefix, words.PREFIXES.get(prefix, "")


def _lifetime(cookie: SetCookie) -> tuple[str, str]:
    age, date = cookie.attributes.get("max-age", ""), cookie.attributes.get("expires", "")
    part = f"Max-Age={age}" if age else f"Expires={date}" if date else "no Max-Age"
    if cookie.is_deletion:
        return part, words.COOKIE_DELETED
    if age.isascii() and age.isdecimal() and len(age) < 15:
        return part, words.KEPT.format(f"for {format_duration(int(age))}")
    return part, words.KEPT.format(f"until {date}") if date and not age else words.SESSION_COOKIE


def _flag(cookie: SetCookie, name: str, if_present: str, if_absent: str) -> tuple[str, str]:
    return (name, if_present) if cookie.has(name.lower()) else (f"no {name}", if_absent)


def _same_site(cookie: SetCookie) -> tuple[str, str]:
    value = cookie.attributes.get("samesite", "")
    meaning = words.SAME_SITE.get(value.lower())
    return (f"SameSite={value}", meaning) if meaning else ("no SameSite", words.SAME_SITE["lax"])


def _domain(cookie: SetCookie) -> tuple[str, str]:
    value = cookie.attributes.get("domain")
    return (f"Domain={value}", words.DOMAIN) if value else ("no Domain", words.NO_DOMAIN)
