"""The deployment to check, and what the doctor may use for it."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from doctor.client.secret_text import NO_SECRET, SecretText

PROTECTED_PATHS = ("/api/me", "/api/stream", "/api/account/export", "/api/auth/list-sessions")
"""The endpoints of every Gatehouse that need a session."""
ADMIN_PATHS = (
    *("/api/admin/status", "/api/admin/events", "/api/admin/outbox"),
    "/api/auth/admin/list-users",
)
_HOST = re.compile(r"[^\s/?#@<>\"\\^`{|}%]+")
_NOT_PUBLIC = ("localhost", ".localhost", ".local", ".internal", ".test")


class BadUrl(ValueError):
    """A URL the doctor cannot use; the message says why."""


@dataclass(frozen=True)
class Admin:
    """An admin of the deployment, for checks that need one.

    Either `email` and `password`, or the value of a signed session cookie that is already there.
    """

    email: str = ""
    password: SecretText = NO_SECRET
    session: SecretText = NO_SECRET
    backup_code: SecretText = NO_SECRET
    """Given where the admin has a second factor. The code of an app would expire meanwhile."""


@dataclass(frozen=True)
class Deployment:
    """A deployment to check."""

    url: str
    """The server's URL: `https://owner-name.hf.space`."""
    frontend: str | None = None
    """The URL of the app that passes /api/auth on to the server."""
    admin: Admin | None = None
    protected: tuple[str, ...] = ()
    """Endpoints of your own that must answer 401 without a session."""
    ca_file: str | None = None
    """Certificates to trust besides the public ones."""
    address: str | None = None
    """Where to connect, such as `127.0.0.1:7860`, instead of to the host of the URL."""
    runs_on_server: bool = False
    """Whether the doctor runs on the server itself, where it cannot see what proxies do."""
    mail_to: str | None = None
    """The address of an account for a test mail, a reset link."""
    timeout: float = 20.0
    """Seconds to wait for a response."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", normalize_origin(self.url))
        if self.frontend is not None:
            object.__setattr__(self, "frontend", normalize_origin(self.frontend))

    @property
    def https(self) -> bool:
        """Whether browsers reach the server over https."""
        return self.url.startswith("https://")

    @property
    def is_public(self) -> bool:
        """Whether its host name is public, as far as a name can tell."""
        return is_public_host(urlsplit(self.url).hostname or "")


def normalize_origin(url: str) -> str:
    """Return `scheme://host[:port]` of a URL as people paste it; raises BadUrl."""
    text = url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError as error:
        _reject_credentials(text)
        raise BadUrl(f"{url!r} is not a server's URL: {error}") from None
    _reject_credentials(parts.netloc)
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.hostname or ""):
        _reject_credentials(text)  # "https:/ada:password@host", say, which has no host
        raise BadUrl(f"{url!r} is not a server's URL: try https://my-space.hf.space")
    try:
        port = parts.port
    except ValueError:
        raise BadUrl(f"{url!r} has no valid port") from None
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != default else "")


def _reject_credentials(text: str) -> None:
    if "@" in text:  # not quoted: it may contain a password
        raise BadUrl("leave user and password out of the URL; pass an admin with --email")


def is_public_host(host: str) -> bool:
    """Tell whether a host's name or address is public."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_NOT_PUBLIC)
