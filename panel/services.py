"""What every page is built with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from panel.client.api import Api
from panel.client.doctor_run import DoctorRunner
from panel.client.visitor import Owner
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
    """One event of a page: who caused it, and what the page's address asks for."""

    owner: Owner
    query: Mapping[str, str] = field(default_factory=dict)
