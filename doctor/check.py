"""What a check is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from doctor.findings import CheckResult

if TYPE_CHECKING:
    from doctor.check_context import CheckContext

CheckFunction = Callable[["CheckContext"], CheckResult]


@dataclass(frozen=True)
class Check:
    """One thing that must hold. `needs` names the checks without whose success it says nothing."""

    name: str
    title: str
    needs: tuple[str, ...]
    function: CheckFunction


def check(name: str, title: str, *needs: str) -> Callable[[CheckFunction], Check]:
    """Make a function a check; its docstring says what breaks where it does not hold."""

    def declare(function: CheckFunction) -> Check:
        return Check(name, title, needs, function)

    return declare
