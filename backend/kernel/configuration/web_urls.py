"""The operator's web addresses: the server's own, and the origins of frontends."""

import re
from ipaddress import AddressValueError, IPv6Address, ip_address
from urllib.parse import urlsplit

import idna

_EXAMPLE = "must be a web address such as https://auth.example.com"
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(.*))?", re.DOTALL)
_LABEL = re.compile(r"[a-z0-9_-]+")
_PATTERN_LABEL = re.compile(r"[a-z0-9_*?-]+")
_SCHEME = re.compile(r"[a-z*?][a-z0-9+.*?-]*")
# A browser runs or opens what these name, whoever wrote it.
_UNSAFE_SCHEMES = {"about", "blob", "data", "file", "javascript", "vbscript"}


def parse_base_url(text: str) -> str:
    """Return the origin that a browser makes of a server's address; raises ValueError."""
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    authority, path = _partition_authority(rest, "/?#")
    if not separator or scheme not in _DEFAULT_PORTS or not authority:
        raise ValueError(_EXAMPLE)
    origin = f"{scheme}://{_normalize_authority(scheme, authority, _LABEL)}"
    if path not in {"", "/"}:
        raise ValueError(f"must end after the host; write {origin}")
    return origin


def parse_origin_pattern(text: str) -> str:
    """Return an origin as browsers send it, or a pattern of origins; raises ValueError.

    `*` and `?` are wildcards. A pattern without a scheme is one of hosts. What is not of the web,
    such as myapp://open, stays as it is: an app's links have no origin (wire.md 1.5).
    """
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator:
        if not has_wildcard(text):
            raise ValueError(f"{text!r} has no scheme; write https://{text}")
        return _normalize_authority("", text, _PATTERN_LABEL)
    if not _SCHEME.fullmatch(scheme) or scheme in _UNSAFE_SCHEMES:
        raise ValueError(f"{text!r} is not an origin such as https://app.example.com")
    if scheme not in _DEFAULT_PORTS and not has_wildcard(scheme):
        return f"{scheme}://{rest}"
    authority, path = _partition_authority(rest, "/#")
    origin = f"{scheme}://{_normalize_authority(scheme, authority, _PATTERN_LABEL)}"
    if path not in {"", "/"}:
        raise ValueError(f"{text!r} has a path, and an origin has none; write {origin}")
    return origin


def is_host(host: str | None) -> bool:
    """Tell whether this can be the host of a URL."""
    return host is not None and parse_host(host) is not None


def parse_host(text: str) -> str | None:
    """Return a host as browsers send it, in ASCII; None if it cannot be one."""
    return _normalize_host(f"[{text}]" if ":" in text else text, _LABEL)


def has_wildcard(pattern: str) -> bool:
    """Tell whether a pattern stands for more than one origin."""
    return "*" in pattern or "?" in pattern


def trusts_everybody(pattern: str) -> bool:
    """Tell whether a pattern names no host at all, such as * or https://*."""
    host = pattern.rpartition("://")[2].partition(":")[0]
    return has_wildcard(host) and not host.strip("*?./")


def _partition_authority(rest: str, ends: str) -> tuple[str, str]:
    authority = re.split(f"[{ends}]", rest, maxsplit=1)[0]
    return authority, rest[len(authority) :]


def _normalize_authority(scheme: str, authority: str, label: re.Pattern[str]) -> str:
    if "@" in authority:
        raise ValueError("must not contain a user or a password")
    match = _AUTHORITY.fullmatch(authority)
    host = _normalize_host(match[1], label) if match else None
    if match is None or host is None:
        raise ValueError(f"{authority!r} is not a host")
    port = match[2]
    if port is None or port == _DEFAULT_PORTS.get(scheme):
        return host
    if not _is_port(port) and not (label is _PATTERN_LABEL and port == "*"):
        raise ValueError(f"{port!r} is not a port between 1 and 65535")
    return f"{host}:{port}"


def _normalize_host(host: str, label: re.Pattern[str]) -> str | None:
    """Return a host as browsers send it, in lower case and ASCII (UTS 46); None if it is none."""
    if host.startswith("["):
        try:
            return f"[{IPv6Address(host[1:-1]).compressed}]"
        except AddressValueError:
            return None
    try:
        labels = [
            _to_ascii(each)
            for each in idna.uts46_remap(host.removesuffix("."), std3_rules=False).split(".")
        ]
    except idna.IDNAError:
        return None
    return ".".join(labels) if all(label.fullmatch(each) for each in labels) else None


def _to_ascii(label: str) -> str:
    return label if label.isascii() else idna.alabel(label).decode()


def _is_port(text: str) -> bool:
    return text.isdecimal() and text.isascii() and 0 < int(text) < 65_536


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine, where nobody listens in between."""
    host = (urlsplit(url).hostname or "").lower()
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def parse_service_url(text: str) -> str:
    """Return the URL of a service that is told secrets, with https; raises ValueError."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in _DEFAULT_PORTS and is_host(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        usable = False
    if not usable or re.search(r"\s", text):
        raise ValueError("must be a URL such as https://service.example.com/path")
    if "@" in parts.netloc or parts.query or parts.fragment or text.endswith(("?", "#")):
        raise ValueError("must not contain a user, a password, a ? or a #")
    if parts.scheme == "http" and not is_loopback(text):
        raise ValueError("must begin with https://: whoever listens in between would learn secrets")
    return text
