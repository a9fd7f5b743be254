"""Who somebody is, read from what their provider says of them.

Nothing of it is believed to have the documented form: it may be of another type, missing, or 10 kB
long. What cannot be used is left out; only without an id is there no profile at all.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlsplit

from backend.kernel.configuration.web_urls import is_host
from backend.kernel.email_address import is_email_address, normalize_email

_MAX_SUBJECT_LENGTH = 255  # OpenID Connect Core 1.0, 2
_MAX_NAME_LENGTH = 500  # as other users' names
_MAX_IMAGE_LENGTH = 2048  # as other users' pictures
_MAX_FORM_LENGTH = 8192
_BLANK = re.compile(r"\s+")
_DIRECTIONS = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
"""Characters that turn the text around them: a name with them can show another one."""
_URL_CHARACTERS = "!#$%&'()*+,/:;=?@[]~"
_DISCORD_PICTURES = "https://cdn.discordapp.com"
_HASH = re.compile(r"[A-Za-z0-9_]{1,64}")


class NoProfile(ValueError):
    """The provider's answer does not tell whose it is."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a provider said of somebody, as it came."""

    claims: Any
    """Those of the ID token, which is validated, with those of the userinfo endpoint."""
    addresses: Any = None
    """GitHub's list of somebody's addresses."""
    form_user: str | None = None
    """What came in the callback itself, through the browser: anybody can write it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Somebody at a provider. `claims` is what it said, for the app that asks for it."""

    subject: str
    """The id that stays when names and addresses change, unique at this issuer."""
    email: str | None
    email_verified: bool
    name: str
    image: str | None
    claims: Mapping[str, Any]
    issuer: str = ""
    """Whose the id is, where the provider is several issuers."""


def read_profile(reading: str, answers: Answers) -> Profile:
    """Read a profile as the preset's `profile` says; raises NoProfile."""
    if not isinstance(answers.claims, Mapping):
        raise NoProfile("what it says of the person is not a JSON object")
    profile = _READINGS[reading](answers.claims, answers)
    verified = profile.email_verified and profile.email is not None
    return replace(profile, email_verified=verified, claims=_make_encodable(profile.claims))


def _read_openid(claims: Mapping[str, Any], _: Answers) -> Profile:
    """Read the standard claims (OpenID Connect Core 1.0, 5.1)."""
    return _read_claims(claims, _read_subject(claims, "sub", "id"))


def _read_oauth2(claims: Mapping[str, Any], _: Answers) -> Profile:
    """Read what providers of plain OAuth 2.0 say; there is no standard, but most have an `id`."""
    return _read_claims(claims, _read_subject(claims, "id", "sub"))


def _read_claims(claims: Mapping[str, Any], subject: str) -> Profile:
    return Profile(
        subject,
        _read_address(claims.get("email")),
        _is_true(claims.get("email_verified")),
        _read_name(claims, "name", "preferred_username", "nickname"),
        _read_image(claims.get("picture")),
        claims,
    )


def _read_apple(claims: Mapping[str, Any], answers: Answers) -> Profile:
    """Read Apple's claims. A name comes once, in the callback's form: it is not signed.

    The address that comes beside it is ignored: the ID token has the one that Apple vouches for.
    """
    names = _parse_form_user(answers.form_user)
    parts = (_read_name(names, each) for each in ("firstName", "lastName"))
    name = " ".join(filter(None, parts)) or _read_name(claims, "name")
    return Profile(
        _read_subject(claims, "sub"),
        _read_address(claims.get("email")),
        _is_true(claims.get("email_verified")),
        name[:_MAX_NAME_LENGTH],
        None,
        claims,
    )


def _read_microsoft(claims: Mapping[str, Any], _: Answers) -> Profile:
    """Read Microsoft's claims: any tenant's admin can write any address into one's account.

    So it is verified only if a claim says so, which the app's registration must ask for:
    `xms_edov` (the tenant owns the address' domain) or one of the lists of verified addresses.
    Ids are the tenant's, too: each is an issuer of its own.
    """
    address, issuer = claims.get("email"), claims.get("iss")
    if "email_verified" in claims:
        verified = _is_true(claims["email_verified"])
    else:
        lists = (claims.get(f"verified_{each}_email") for each in ("primary", "secondary"))
        verified = _is_true(claims.get("xms_edov"), "1", 1) or any(
            address in each for each in lists if isinstance(each, list)
        )
    return Profile(
        _read_subject(claims, "oid"),
        _read_address(address),
        verified,
        _read_name(claims, "name", "preferred_username"),
        _read_image(claims.get("picture")),
        claims,
        issuer if isinstance(issuer, str) else "",
    )


def _read_github(claims: Mapping[str, Any], answers: Answers) -> Profile:
    """Read GitHub's user: `email` is what the profile shows, the list tells what is verified."""
    listed = answers.addresses if isinstance(answers.addresses, list) else []
    addresses = [each for each in listed if isinstance(each, Mapping)]
    shown = claims.get("email") or _find_primary(addresses)
    verified = any(
        each.get("email") == shown and each.get("verified") is True for each in addresses
    )
    return Profile(
        _read_subject(claims, "id"),
        _read_address(shown),
        verified,
        _read_name(claims, "name", "login"),
        _read_image(claims.get("avatar_url")),
        claims,
    )


def _read_discord(claims: Mapping[str, Any], _: Answers) -> Profile:
    """Read Discord's user."""
    subject = _read_subject(claims, "id")
    return Profile(
        subject,
        _read_address(claims.get("email")),
        _is_true(claims.get("verified")),
        _read_name(claims, "global_name", "username"),
        _find_discord_picture(subject, claims),
        claims,
    )


_READINGS: Mapping[str, Callable[[Mapping[str, Any], Answers], Profile]] = {
    "openid": _read_openid,
    "oauth2": _read_oauth2,
    "apple": _read_apple,
    "microsoft": _read_microsoft,
    "github": _read_github,
    "discord": _read_discord,
}


def _make_encodable(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return claims without halves of surrogate pairs, which are valid in JSON but no text."""
    try:
        text = json.dumps(claims, ensure_ascii=False)
        if text.isascii():
            return claims
        encodable: Mapping[str, Any] = json.loads(text.encode(errors="replace"))
    except (ValueError, RecursionError):  # too deep, or a number of thousands of digits
        raise NoProfile("what it says of the person cannot be read") from None
    return encodable


def _read_subject(claims: Mapping[str, Any], *names: str) -> str:
    """Return the first of these claims that is there, as text."""
    value = next((claims[each] for each in names if claims.get(each) is not None), None)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise NoProfile(f"it does not say {' or '.join(names)}")
    if len(value) > _MAX_SUBJECT_LENGTH:
        raise NoProfile(f"its {' or '.join(names)} is longer than {_MAX_SUBJECT_LENGTH} characters")
    return value


def _read_address(value: Any) -> str | None:
    """Return an address in its normal form; None for what no mail could be sent to."""
    address = value.strip() if isinstance(value, str) else ""
    return normalize_email(address) if is_email_address(address) else None


def _is_true(value: Any, *also: Any) -> bool:
    """Tell whether a claim is true, which some providers write as a text. `1 == True` is not."""
    return value is True or any(
        type(value) is type(each) and value == each for each in ("true", *also)
    )


def _read_name(claims: Mapping[str, Any], *names: str) -> str:
    """Return the first name that has something to show: one line, at most as long as any user's."""
    for each in names:
        value = claims.get(each)
        name = _clean(value) if isinstance(value, str) else ""
        if name:
            return name
    return ""


def _clean(text: str) -> str:
    """Return a text in one line, without what does not show or cannot be stored."""
    visible = (
        " " if unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} else each
        for each in text[: 4 * _MAX_NAME_LENGTH]
        if each not in _DIRECTIONS
    )
    line = _BLANK.sub(" ", "".join(visible)).strip()[:_MAX_NAME_LENGTH].rstrip()
    shows = any(unicodedata.category(each)[0] not in "CZ" for each in line)
    return line if shows else ""


def _read_image(value: Any) -> str | None:
    """Return a picture's URL if browsers may load it: with https, so nothing that would run."""
    if not isinstance(value, str) or len(value) > _MAX_IMAGE_LENGTH:
        return None
    try:
        url = quote(value.strip(), safe=_URL_CHARACTERS)
        parts = urlsplit(url)
        usable = parts.scheme == "https" and is_host(parts.hostname) and parts.port != 0
    except ValueError:  # half of a surrogate pair, or a port that is no number
        return None
    return url if usable and "@" not in parts.netloc and len(url) <= _MAX_IMAGE_LENGTH else None


def _find_primary(addresses: list[Mapping[str, Any]]) -> Any:
    primary = [each for each in addresses if each.get("primary") is True]
    return next((each.get("email") for each in primary or addresses), None)


def _find_discord_picture(subject: str, claims: Mapping[str, Any]) -> str | None:
    """Return where Discord shows the picture, whose hash is all it says; else its own default."""
    avatar, tag = claims.get("avatar"), claims.get("discriminator")
    if not subject.isdecimal() or not subject.isascii():
        return None
    if isinstance(avatar, str) and _HASH.fullmatch(avatar):
        kind = "gif" if avatar.startswith("a_") else "png"
        return f"{_DISCORD_PICTURES}/avatars/{subject}/{avatar}.{kind}"
    is_old = isinstance(tag, str) and re.fullmatch(r"[0-9]{4}", tag) is not None and tag != "0000"
    number = int(str(tag)) % 5 if is_old else (int(subject) >> 22) % 6
    return f"{_DISCORD_PICTURES}/embed/avatars/{number}.png"


def _parse_form_user(text: str | None) -> Mapping[str, Any]:
    """Return the names in {"name": {"firstName": ..., "lastName": ...}}, or nothing."""
    if not text or len(text) > _MAX_FORM_LENGTH:
        return {}
    try:
        user = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    names = user.get("name") if isinstance(user, Mapping) else None
    return names if isinstance(names, Mapping) else {}
