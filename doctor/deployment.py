"""Which deployment is examined, and what the doctor was given to do it with."""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from doctor.client.credential import NO_CREDENTIAL, Credential

PROTECTED_PATHS = ("/api/me", "/api/stream", "/api/account/export", "/api/auth/list-sessions")
"""What no stranger may get, on every Gatehouse."""
ADMIN_PATHS = (
    "/api/admin/status",
    "/api/admin/events",
    "/api/admin/outbox",
    "/api/auth/admin/list-users",
)
_HOST = re.compile(r"[^\s/?#@<>\"\\^`{|}%]+")
_NOT_PUBLIC = ("localhost", ".localhost", ".local", ".internal", ".test")


class BadUrl(ValueError):
    """An address the doctor cannot examine; the message says why."""


@dataclass(frozen=True)
class Admin:
    """An admin of the deployment, who unlocks what only admins are told.

    Either `email` and `password`, or the value of a signed session cookie that is already there.
    """

    email: str = ""
    password: Credential = NO_CREDENTIAL
    session: Credential = NO_CREDENTIAL


@dataclass(frozen=True)
class Deployment:
    """A deployment to examine."""

    url: str
    """Where the server is reached: `https://owner-name.hf.space`."""
    frontend: str | None = None
    """The app that passes /api/auth on to it, as its users open it."""
    admin: Admin | None = None
    protected: tuple[str, ...] = ()
    """Further paths that must answer 401 to a stranger: the app's own endpoints."""
    ca_file: str | None = None
    """Certificates to trust besides the public ones, for a server with one of its own."""
    address: str | None = None
    """Where the server listens, `127.0.0.1:7860`, if that is not what the URL's name leads to."""
    runs_on_server: bool = False
    """Whether the doctor runs on the server itself: it then cannot see what its proxies do."""
    mail_to: str | None = None
    """The address of an account to which a test mail may go: its owner gets a reset link."""
    timeout: float = field(default=20.0)
    """Seconds to wait for one answer."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", normalize_origin(self.url))
        if self.frontend is not None:
            object.__setattr__(self, "frontend", normalize_origin(self.frontend))

    @property
    def https(self) -> bool:
        """Whether browsers reach it over https."""
        return self.url.startswith("https://")

    @property
    def is_public(self) -> bool:
        """Whether its name is one of the open internet, as far as a name can tell."""
        return is_public_host(urlsplit(self.url).hostname or "")


def normalize_origin(url: str) -> str:
    """Return `scheme://host[:port]` of an address as people paste it; raises BadUrl."""
    text = url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError as error:
        _reject_credentials(text)
        raise BadUrl(f"{url!r} is no address of a server: {error}") from None
    _reject_credentials(parts.netloc)
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.hostname or ""):
        _reject_credentials(text)  # "https:/ada:password@host", say, in which nothing is a host
        raise BadUrl(f"{url!r} is no address of a server: try https://my-space.hf.space")
    try:
        port = parts.port
    except ValueError:
        raise BadUrl(f"{url!r} names no port a server could have") from None
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != default else "")


def _reject_credentials(text: str) -> None:
    if "@" in text:  # not repeated: there may be a password in it
        raise BadUrl("leave user and password out of the address: an admin is named with --email")


def is_public_host(host: str) -> bool:
    """Tell whether a host's name or address belongs to the open internet."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_NOT_PUBLIC)
