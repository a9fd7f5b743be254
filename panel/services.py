"""The services and the context that pages get."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from panel.client.api import Api
from panel.client.doctor_run import DoctorRunner
from panel.client.visitor import CurrentAdmin
from panel.ports import Clock, PanelSettings, Randomness
from panel.tester.service import Tester


@dataclass(frozen=True)
class Services:
    """The services of the pages."""

    settings: PanelSettings
    api: Api
    tester: Tester
    clock: Clock
    randomness: Randomness
    doctor_runner: DoctorRunner


@dataclass(frozen=True)
class PageContext:
    """The context of a page's event: the current admin and the query of the page's address."""

    admin: CurrentAdmin
    query: Mapping[str, str] = field(default_factory=dict)
