"""Which domains passkeys belong to: the relying parties of WebAuthn, from the server's addresses.

A browser uses a passkey only on the domain it was made for (its rp id) and on hosts below it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from backend.kernel.configuration.domains import is_address, is_public_suffix
from backend.kernel.configuration.globs import matches
from backend.kernel.configuration.web_urls import has_wildcard, parse_host, parse_origin_pattern

_ANDROID = "android:apk-key-hash:"
_LOCALHOST = "localhost"
_SHARED = "{} is shared by strangers, whose sites could use your users' passkeys"
_NEEDS_DOMAIN = "browsers offer passkeys on https and a domain only, or on localhost"
_NO_COMMON_DOMAIN = "its hosts have no domain in common that strangers do not share"


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """A domain that passkeys belong to, and the origins of the pages that may use them."""

    rp_id: str
    origins: tuple[str, ...]
    """Exact ones, and patterns such as https://*.example.com."""

    def covers(self, origin: str) -> bool:
        """Tell whether a page of this origin may use the passkeys."""
        one_line = origin.isprintable()  # `**` would match across lines
        return one_line and any(matches(_to_glob(each), origin) for each in self.origins)


@dataclass(frozen=True, slots=True)
class RelyingParties:
    """The app's relying party first, then that of the panel's host if it is another one."""

    parties: tuple[RelyingParty, ...] = ()
    left_out: tuple[str, ...] = ()
    """Origins without passkeys, each with the reason."""

    def find(self, rp_id: str) -> RelyingParty | None:
        """Find a relying party by its domain."""
        return next((each for each in self.parties if each.rp_id == rp_id), None)

    def choose(self, origin: str | None) -> RelyingParty:
        """Return the relying party of a page's origin; the app's for an unknown one.

        A caller who names somebody else's origin gains nothing: the authenticator signs the origin
        that the browser shows, and that is compared with the party's.
        """
        matching = (each for each in self.parties if origin and each.covers(origin))
        return next(matching, self.parties[0])


@lru_cache(16)
def build_relying_parties(
    own: tuple[str, ...],
    frontends: tuple[str, ...],
    rp_id: str = "",
    origins: tuple[str, ...] = (),
) -> RelyingParties:
    """Work out the relying parties; raises ValueError if PASSKEY_RP_ID or PASSKEY_ORIGINS is wrong.

    `own` are this server's origins. With several frontends the domain is the closest one that all
    of them are part of and that nobody else can register below; else the first one's.
    """
    asked = [each for each in origins or frontends if _is_web(each)]
    usable = [each for each in asked if _domain_of(each)]
    left_out = [f"{each}: {_reason_of(each)}" for each in asked if each not in usable]
    if origins and left_out:
        raise ValueError(f"PASSKEY_ORIGINS cannot have {left_out[0]}")
    usable_own = [each for each in own if _domain_of(each)]
    left_out += [f"{each}: {_NEEDS_DOMAIN}" for each in own if each not in usable_own]
    parties = []
    if rp_id:
        _check_rp_id(rp_id, [*usable, *usable_own])
    elif usable:
        rp_id = _find_common_domain(usable)
    if rp_id:
        apps = [each for each in origins if each.startswith(_ANDROID)]
        inside = [each for each in [*usable, *usable_own] if _is_within(each, rp_id)]
        parties.append(RelyingParty(rp_id, tuple(dict.fromkeys([*inside, *apps]))))
        left_out += [f"{each}: it is not part of {rp_id}" for each in usable if each not in inside]
    outside = [each for each in usable_own if not (rp_id and _is_within(each, rp_id))]
    if outside:
        host = _domain_of(outside[0])
        same_host = tuple(each for each in outside if _domain_of(each) == host)
        parties.append(RelyingParty(host, same_host))
    return RelyingParties(tuple(parties), tuple(dict.fromkeys(left_out)))


def parse_rp_id(text: str) -> str:
    """Return a domain as browsers compare it; raises ValueError."""
    domain = parse_host(text) if text else ""
    if domain is None or is_address(domain):
        raise ValueError(f"must be a domain such as example.com, and {text!r} is none")
    return domain


def parse_passkey_origins(texts: Sequence[str]) -> tuple[str, ...]:
    """Return origins as browsers name them in what an authenticator signs; raises ValueError."""
    return tuple(
        dict.fromkeys(
            each if each.startswith(_ANDROID) else parse_origin_pattern(each) for each in texts
        )
    )


def is_on_localhost(origin: str) -> bool:
    """Tell whether a page of this origin is on the developer's own machine, under its name."""
    return _is_local(origin.rpartition("://")[2].partition(":")[0])


def _check_rp_id(rp_id: str, origins: Sequence[str]) -> None:
    hosts = {_domain_of(each) for each in origins if not has_wildcard(each)}
    if rp_id not in hosts and _is_public(rp_id):
        raise ValueError(f"PASSKEY_RP_ID: {_SHARED.format(rp_id)}; name a domain of your own")
    if not any(_is_within(each, rp_id) for each in origins):
        named = ", ".join(origins) or "any address of this server"
        raise ValueError(
            f"PASSKEY_RP_ID must be the host of your pages or a parent of it; {rp_id} is none of "
            f"{named}"
        )


def _find_common_domain(origins: Sequence[str]) -> str:
    """Return the closest domain above all of them, unless strangers share it: then the first."""
    domains = [_domain_of(each) for each in origins]
    first, *others = domains
    labels = first.split(".")
    for start in range(len(labels)):
        parent = ".".join(labels[start:])
        if all(each == parent or each.endswith(f".{parent}") for each in others):
            return first if parent != first and _is_public(parent) else parent
    return first


def _domain_of(origin: str) -> str:
    """Return the domain that an origin's passkeys can have at the closest, or "" for none.

    Of a pattern it is what follows the wildcards, unless everybody can register a host below it.
    """
    scheme, _, authority = origin.rpartition("://")
    host = authority.partition(":")[0]
    if "[" in authority or is_address(host):
        return ""
    if scheme == "http" and not _is_local(host):
        return ""
    if not has_wildcard(host):
        return host
    labels = host.split(".")
    last = max(index for index, label in enumerate(labels) if has_wildcard(label))
    fixed = ".".join(labels[last + 1 :])
    return "" if not fixed or _is_public(fixed) else fixed


def _reason_of(unusable: str) -> str:
    return _NO_COMMON_DOMAIN if has_wildcard(unusable) else _NEEDS_DOMAIN


def _is_within(origin: str, rp_id: str) -> bool:
    domain = _domain_of(origin)
    return domain == rp_id or domain.endswith(f".{rp_id}")


def _is_web(origin: str) -> bool:
    scheme, separator, _ = origin.partition("://")
    return not origin.startswith(_ANDROID) and (
        not separator or scheme in {"http", "https"} or has_wildcard(scheme)
    )


def _is_public(domain: str) -> bool:
    return domain != _LOCALHOST and is_public_suffix(domain)


def _is_local(host: str) -> bool:
    return host == _LOCALHOST or host.endswith(f".{_LOCALHOST}")


def _to_glob(pattern: str) -> str:
    """Return a pattern of origins as one of whole origins; one without a scheme is of https."""
    return pattern if pattern.startswith(_ANDROID) or "://" in pattern else f"https://{pattern}"
