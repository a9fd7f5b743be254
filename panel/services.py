"""The services and the context that pages get."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from panel.client.api import ApiClient
from panel.client.doctor_run import DoctorRunner
from panel.client.visitor import CurrentAdmin
from panel.ports import Clock, PanelSettings, Randomness
from panel.tester.service import Tester


@dataclass(frozen=True)
class Services:
    """The services of the pages."""

    settings: PanelSettings
    api: ApiClient
    tester: Tester
    clock: Clock
    randomness: Randomness
    doctor_runner: DoctorRunner


@dataclass(frozen=True)
class PageContext:
    """What the handler of a page's event gets. `query` is that of the page's address."""

    services: Services
    admin: CurrentAdmin
    query: Mapping[str, str] = field(default_factory=dict)

    async def get(self, path: str, **query: Any) -> Any:
        """Send a GET to the API as the admin, as `Api.get`; raises ApiError."""
        return await self.services.api.get(self.admin, path, **query)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send a POST to the API as the admin, as `Api.post`; raises ApiError."""
        return await self.services.api.post(self.admin, path, body)

    async def get_ready(self) -> Any:
        """Return the JSON of `GET /ready`, whatever its status."""
        return (await self.services.api.call(self.admin.visitor, "GET", "/ready")).json()

    def now(self) -> datetime:
        """Return the wall clock."""
        return self.services.clock.now()
