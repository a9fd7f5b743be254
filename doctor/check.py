"""What a check is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from doctor.findings import Outcome

if TYPE_CHECKING:
    from doctor.examination import Examination

Look = Callable[["Examination"], Outcome]


@dataclass(frozen=True)
class Check:
    """One thing that must hold. `needs` names the checks without whose success it says nothing."""

    name: str
    title: str
    needs: tuple[str, ...]
    look: Look


def check(name: str, title: str, *needs: str) -> Callable[[Look], Check]:
    """Make a function a check; its docstring says what breaks where it does not hold."""

    def declare(look: Look) -> Check:
        return Check(name, title, needs, look)

    return declare
