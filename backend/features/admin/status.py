"""What whoever runs the server needs to know about it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from backend import __version__
from backend.features.sessions.cache import SessionCache
from backend.kernel.secret_key import key_is_generated
from backend.kernel.settings import Settings
from backend.storage import outbox, trigrams
from backend.storage.engine import Database
from backend.storage.work import ask
from backend.web.limits import Limits
from backend.web.wire import WireModel

Durability = Literal["ephemeral", "snapshots", "durable"]


class DatabaseState(WireModel):
    """Where the data is. `ephemeral`: lost with the next restart. `snapshots`: a restart loses what
    was written since the last one. `durable`: it stays."""

    kind: Literal["sqlite", "postgresql"]
    durability: Durability
    user_search: Literal["indexed", "reads all users"]


class CacheState(WireModel):
    """The verified sessions kept in this process; `bypassed` while changes might not reach it."""

    state: str = Field(examples=["cached"])
    sessions: int
    size: int


class MailState(WireModel):
    """How mails leave; `outbox`: they do not, and are read by admins. `waiting` is how many are to
    leave yet."""

    sends: Literal["smtp", "api", "outbox"]
    waiting: int


class SecretState(WireModel):
    """The signing key. A generated one is lost with the disk, and every session with it."""

    state: Literal["set", "generated"]
    old_keys: int


class LimitsState(WireModel):
    """Where the rate limits are counted; `off` in tests only."""

    store: str = Field(examples=["memory"])


class StatusOut(WireModel):
    """The state of this deployment, as the process that answers sees it."""

    version: str = Field(examples=[__version__])
    environment: Literal["development", "production"]
    database: DatabaseState
    cache: CacheState
    mail: MailState
    secret: SecretState
    limits: LimitsState


@dataclass(frozen=True, slots=True)
class Deployment:
    """Looks at everything there is to know."""

    settings: Settings
    database: Database
    cache: SessionCache
    cache_state: Callable[[], str]
    limits: Limits

    def look(self) -> StatusOut:
        """Return the state now; raises DatabaseUnavailable when the database is away."""
        indexed = ask(self.database, trigrams.are_indexed)
        settings = self.settings
        return StatusOut(
            version=__version__,
            environment=settings.environment,
            database=DatabaseState(
                kind=self.database.kind,
                durability=durability(settings),
                user_search="indexed" if indexed else "reads all users",
            ),
            cache=CacheState(
                state=self.cache_state(), sessions=len(self.cache), size=settings.session_cache_size
            ),
            mail=MailState(
                sends=_mailer(settings), waiting=ask(self.database, outbox.count_waiting)
            ),
            secret=SecretState(
                state="generated" if key_is_generated(settings) else "set",
                old_keys=len(settings.secret_keys_old),
            ),
            limits=LimitsState(store=self.limits.store()),
        )


def durability(settings: Settings) -> Durability:
    """Tell whether the data survives a restart. A Space's own disk does not."""
    if settings.database_url is not None:
        return "durable"
    if settings.snapshot_dir is not None:
        return "snapshots"
    return "ephemeral" if settings.space_id else "durable"


def _mailer(settings: Settings) -> Literal["smtp", "api", "outbox"]:
    if settings.smtp_url is not None:
        return "smtp"
    return "api" if settings.mail_api_url else "outbox"
