"""The type of a check, and the decorator that declares one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from doctor.findings import CheckResult

if TYPE_CHECKING:
    from doctor.check_context import CheckContext

CheckFunction = Callable[["CheckContext"], CheckResult]


@dataclass(frozen=True)
class Check:
    """One check. `needs` names the checks that must pass before it makes sense."""

    name: str
    title: str
    needs: tuple[str, ...]
    function: CheckFunction


def check(name: str, title: str, *needs: str) -> Callable[[CheckFunction], Check]:
    """Declare a function as a check; its docstring says why it matters."""

    def declare(function: CheckFunction) -> Check:
        return Check(name, title, needs, function)

    return declare
