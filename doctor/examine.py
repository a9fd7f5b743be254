"""One run of the doctor: every check in order, and the clean-up."""

from collections.abc import Callable, Generator

from doctor.check import Check
from doctor.check_context import CheckContext
from doctor.cleanup import clean_up
from doctor.client.browser import ProgressCallback
from doctor.clock import BlockingClock, SystemBlockingClock
from doctor.deployment import Deployment
from doctor.findings import Finding
from doctor.selection import select_checks

FindingCallback = Callable[[Finding], None]


def examine(
    deployment: Deployment,
    *,
    on_progress: ProgressCallback = lambda _: None,
    checks: tuple[Check, ...] | None = None,
    clock: BlockingClock | None = None,
    on_early_cleanup: FindingCallback = lambda _: None,
) -> Generator[Finding, None, None]:
    """Run every check in order, and yield each finding as soon as it is there.

    `on_progress` is called with a few words about what is being done or waited for. The throw-away
    account is deleted at the end, even if the caller stops iterating or is interrupted:
    `on_progress` is still called, and `on_early_cleanup` gets the outcome. Without `checks`, all
    that apply are run (`doctor.selection`).
    """
    context = CheckContext(deployment, clock or SystemBlockingClock(), on_progress)
    is_clean = False
    try:
        for each in select_checks(deployment) if checks is None else checks:
            yield context.run_check(each)
        finding = context.run_check(clean_up)
        is_clean = True
        yield finding
    finally:
        if not is_clean:
            context.tolerate_listener()
            on_early_cleanup(context.run_check(clean_up))
        context.close()
