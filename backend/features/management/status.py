"""The status of the deployment, for its operators."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import Field

from backend import __version__
from backend.features.management.commit import find_commit
from backend.features.sessions.cache import SessionCache
from backend.kernel.secrets.secret_key import is_example_key, is_key_generated
from backend.kernel.settings import Settings
from backend.limits.limiter import Limiter
from backend.storage.clock_check import ClockCheck
from backend.storage.postgres import trigrams
from backend.storage.queries import outbox
from backend.storage.snapshots.after_restore import find_latest_restore
from backend.storage.snapshots.snapshots import Snapshots
from backend.storage.work import Runtime, run_query
from backend.web.wire import TimestampOut, WireModel

Durability = Literal["ephemeral", "snapshots", "durable"]


class RestoredState(WireModel):
    """The last restore. The database was lost and replaced with a copy `asOf` that time; null if
    nothing was restored or the time is unknown. Changes until `restoredAt` may be missing.
    `damaged` counts newer copies that could not be used."""

    as_of: TimestampOut | None
    restored_at: TimestampOut
    accounts: int
    sessions_ended: int
    links_ended: int
    damaged: int


class SnapshotsState(WireModel):
    """Snapshots in SNAPSHOT_DIR, and the error if the last attempt failed."""

    last_at: TimestampOut | None
    trouble: str | None


class DatabaseState(WireModel):
    """The database. `ephemeral`: a restart loses the data. `snapshots`: a crash loses the writes
    since the last snapshot. `durable`: the data is kept."""

    kind: Literal["sqlite", "postgresql"]
    durability: Durability
    user_search: Literal["indexed", "reads all users"]
    restored: RestoredState | None
    snapshots: SnapshotsState | None


class CacheState(WireModel):
    """The session cache of this process; `bypassed` while it may not receive changes."""

    state: str = Field(examples=["cached"])
    sessions: int
    size: int


class MailState(WireModel):
    """How mails are sent; with `outbox` they are not sent, and admins read them. `waiting` counts
    the mails to send, the oldest of them since `waitingSince`; `lastError` is the newest error."""

    sends: Literal["smtp", "api", "outbox"]
    waiting: int
    waiting_since: TimestampOut | None
    last_sent_at: TimestampOut | None
    last_error: str | None = Field(examples=[None])


class SecretState(WireModel):
    """The signing key. A generated key is lost with the disk, and all sessions with it. With a
    published example key, anyone can forge sessions."""

    state: Literal["set", "generated", "example"]
    old_keys: int


class ClockState(WireModel):
    """How many seconds this machine's clock is ahead of PostgreSQL's or, on SQLite, of the newest
    entry at start plus the time since; negative if behind. While `right` is false, PostgreSQL rows
    are not deleted because of their age."""

    compared_with: Literal["database", "newest entry"]
    ahead: int
    right: bool


class LimitsState(WireModel):
    """Where rate limits are counted; `off` only in tests."""

    store: str = Field(examples=["memory"])


class ProxyState(WireModel):
    """How this request arrived. `peer` is the connected address. If it is in TRUSTED_PROXIES
    (`trusted`), the last entry of `forwardedFor` is believed. `believed` is the address that rate
    limits and the audit trail use."""

    peer: str = Field(examples=["10.0.0.5"])
    forwarded_for: str | None = Field(examples=["203.0.113.7"])
    believed: str = Field(examples=["203.0.113.7"])
    trusted: bool


class Features(WireModel):
    """The enabled features."""

    sign_up: bool
    sign_in_after_sign_up: bool
    require_verified_email: bool
    sign_in_after_verification: bool
    change_email: bool
    delete_user: bool
    delete_user_needs_link: bool
    reset_revokes_sessions: bool
    strict: bool
    rate_limits: bool
    docs: bool
    panel: bool


class StatusOut(WireModel):
    """The status of this deployment, as seen by this process. `commit` is known if the server runs
    from a clone; `sessionLifetime` is in seconds."""

    version: str = Field(examples=[__version__])
    commit: str | None = Field(examples=[None])
    started_at: TimestampOut
    environment: Literal["development", "production"]
    public_url: str = Field(examples=["https://auth.example.com"])
    frontend_urls: list[str] = Field(examples=[["https://app.example.com"]])
    proxy: ProxyState
    features: Features
    providers: list[str] = Field(
        description="The names of those that people can sign in with.", examples=[["Hugging Face"]]
    )
    session_lifetime: int = Field(examples=[604800])
    database: DatabaseState
    cache: CacheState
    mail: MailState
    secret: SecretState
    limits: LimitsState
    clock: ClockState


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    """Reads the status of everything."""

    runtime: Runtime
    cache: SessionCache
    cache_state: Callable[[], str]
    limiter: Limiter
    snapshots: Snapshots | None
    clock_check: ClockCheck
    started_at: datetime
    commit: str | None = field(default_factory=find_commit)

    def read(self, proxy: ProxyState) -> StatusOut:
        """Return the state now; raises DatabaseUnavailable when the database is away."""
        settings = self.runtime.settings
        return StatusOut(
            version=__version__,
            commit=self.commit,
            started_at=self.started_at,
            environment=settings.environment,
            public_url=settings.base_url,
            frontend_urls=list(settings.frontends),
            proxy=proxy,
            features=Features(**{name: getattr(settings, name) for name in Features.model_fields}),
            providers=[each.name for each in settings.providers],
            session_lifetime=settings.session_lifetime,
            database=self._database(),
            cache=CacheState(
                state=self.cache_state(), sessions=len(self.cache), size=settings.session_cache_size
            ),
            mail=self._mail(),
            secret=SecretState(
                state=_secret_state(settings), old_keys=len(settings.secret_keys_old)
            ),
            limits=LimitsState(store=self.limiter.describe_store()),
            clock=self._clock(),
        )

    def _database(self) -> DatabaseState:
        indexed = run_query(self.runtime.database, trigrams.has_trigram_indexes)
        restored = run_query(self.runtime.database, find_latest_restore)
        snapshots = self.snapshots
        return DatabaseState(
            kind=self.runtime.database.kind,
            durability=durability(self.runtime.settings),
            user_search="indexed" if indexed else "reads all users",
            restored=RestoredState(**asdict(restored)) if restored else None,
            snapshots=SnapshotsState(last_at=snapshots.last, trouble=snapshots.last_error)
            if snapshots
            else None,
        )

    def _clock(self) -> ClockState:
        comparison = self.clock_check.compare()
        return ClockState(
            compared_with=comparison.compared_with,
            ahead=round(comparison.ahead.total_seconds()),
            right=comparison.is_harmless,
        )

    def _mail(self) -> MailState:
        traffic = run_query(self.runtime.database, outbox.load_status)
        return MailState(sends=_mail_channel(self.runtime.settings), **asdict(traffic))


def durability(settings: Settings) -> Durability:
    """Tell whether the data survives a restart. A Space's own disk does not."""
    if settings.database_url is not None:
        return "durable"
    if settings.snapshot_dir is not None:
        return "snapshots"
    return "ephemeral" if settings.space_id else "durable"


def _secret_state(settings: Settings) -> Literal["set", "generated", "example"]:
    if is_example_key(settings):
        return "example"
    return "generated" if is_key_generated(settings) else "set"


def _mail_channel(settings: Settings) -> Literal["smtp", "api", "outbox"]:
    if settings.smtp_url is not None:
        return "smtp"
    return "api" if settings.mail_api_url else "outbox"
