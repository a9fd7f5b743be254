"""Which of the checks to run."""

from collections.abc import Sequence

from doctor.check import Check
from doctor.checks import CHECKS
from doctor.deployment import Deployment


class UnknownCheck(ValueError):
    """No check or group has this name; the message lists the groups."""


def select_checks(deployment: Deployment, only: Sequence[str] = ()) -> tuple[Check, ...]:
    """Return the checks to run, in order: all, or those named in `only` and what they need.

    A name is that of a check, `headers.csp`, or of a group, `headers`. Without a frontend only
    `frontend.reaches` of that group stays, to report it. Raises UnknownCheck.
    """
    chosen = _with_dependencies(only) if only else {each.name for each in CHECKS}
    if deployment.frontend is None:
        chosen -= {name for name in chosen if _group(name) == "frontend"} - {"frontend.reaches"}
    return tuple(each for each in CHECKS if each.name in chosen)


def _with_dependencies(only: Sequence[str]) -> set[str]:
    known = {each.name: each for each in CHECKS}
    waiting = [name for requested in only for name in _matching_names(requested, known)]
    chosen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in chosen:
            chosen.add(name)
            waiting += known[name].needs
    return chosen


def _matching_names(requested: str, known: dict[str, Check]) -> list[str]:
    names = [name for name in known if requested in {name, _group(name)}]
    if names:
        return names
    groups = dict.fromkeys(map(_group, known))
    raise UnknownCheck(f"there is no check {requested!r}; the groups are {', '.join(groups)}")


def _group(name: str) -> str:
    return name.partition(".")[0]
