"""The interfaces the panel needs from the application that mounts it.

`Clock` and `Randomness` repeat those of the backend, of which the panel imports nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class RelyingParty(Protocol):
    """A domain that passkeys belong to."""

    def covers(self, origin: str) -> bool:
        """Tell whether a page of this origin may use the passkeys."""


class RelyingParties(Protocol):
    """The domains that passkeys belong to."""

    @property
    def parties(self) -> Sequence[RelyingParty]: ...


class Provider(Protocol):
    """A provider that people can sign in with."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str:
        """For people."""


class PanelSettings(Protocol):
    """The settings the panel reads."""

    @property
    def app_name(self) -> str: ...

    @property
    def host(self) -> str:
        """The address the server listens on."""

    @property
    def port(self) -> int: ...

    @property
    def base_url(self) -> str:
        """The URL browsers use, without a trailing slash."""

    @property
    def own_origins(self) -> tuple[str, ...]:
        """The origins under which this server is reached."""

    @property
    def secure_cookies(self) -> bool: ...

    @property
    def production(self) -> bool: ...

    @property
    def mail_from(self) -> str:
        """The sender of mails; empty if not set."""

    @property
    def space_id(self) -> str:
        """The Hugging Face Space this runs in, or an empty string."""

    @property
    def hub_provider(self) -> object | None:
        """Hugging Face, if the Hub made a client for this Space; None otherwise."""

    @property
    def admin_email(self) -> str:
        """Who is to be the first admin: made at start with a password; empty if not set."""

    @property
    def admin_password(self) -> object | None:
        """None if that account is not made with a password; the value is never read here."""

    @property
    def two_factor(self) -> bool:
        """Whether accounts can have a second factor."""

    @property
    def require_two_factor_for(self) -> str:
        """Who must have one: none, admins or everybody."""

    @property
    def username(self) -> bool:
        """Whether accounts can have a user name."""

    @property
    def magic_link(self) -> bool:
        """Whether a mailed link signs in."""

    @property
    def email_code(self) -> bool:
        """Whether a mailed code signs in."""

    @property
    def anonymous_sign_in(self) -> bool:
        """Whether people can try the app without an account."""

    @property
    def multi_session(self) -> bool:
        """Whether one browser keeps several accounts."""

    @property
    def relying_parties(self) -> RelyingParties:
        """The domains that passkeys belong to; none where there are no passkeys."""

    @property
    def providers(self) -> Sequence[Provider]:
        """The providers that people can sign in with."""

    @property
    def frontend_proxy_key(self) -> object | None:
        """None if no frontend may name its visitors' addresses; the value is never read here."""

    @property
    def secret_key(self) -> object | None:
        """None if the server had to generate a key; the value is never read here."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the wall clock as an aware UTC datetime."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""


class Randomness(Protocol):
    """A source of unpredictable bytes."""

    def bytes(self, count: int) -> bytes:
        """Return `count` unpredictable bytes."""
