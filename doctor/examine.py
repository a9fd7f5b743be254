"""One examination: every check in order, and the cleaning up."""

from collections.abc import Callable, Generator

from doctor.browser import Say
from doctor.check import Check
from doctor.clock import Clock, SystemClock
from doctor.deployment import Deployment
from doctor.examination import Examination
from doctor.farewell import farewell
from doctor.findings import Finding
from doctor.selection import checks_for

Hear = Callable[[Finding], None]


def examine(
    deployment: Deployment,
    *,
    say: Say = lambda _: None,
    checks: tuple[Check, ...] | None = None,
    clock: Clock | None = None,
    left_early: Hear = lambda _: None,
) -> Generator[Finding, None, None]:
    """Make every check in order, and yield what each finds as soon as it is found.

    `say` hears in a few words what is being done or waited for. The throw-away account is deleted
    at the end, also when the caller stops listening or is interrupted: then `left_early` hears
    whether it could be. Without `checks` it is all that can be made (`doctor.selection`).
    """
    examination = Examination(deployment, clock or SystemClock(), say)
    left = False
    try:
        for each in checks_for(deployment) if checks is None else checks:
            yield examination.make(each)
        last = examination.make(farewell)
        left = True
        yield last
    finally:
        if not left:
            examination.fall_silent()
            left_early(examination.make(farewell))
        examination.close()
