"""The doctor's checks of the second factor, beyond those that every broken deployment gets."""

from datetime import timedelta

import pytest

from doctor import Deployment, Verdict, examine
from doctor.client.totp import PERIOD
from doctor.selection import select_checks
from tests.doctor.checks.test_broken_deployments import ClockBehind
from tests.doctor.run_checks import QUICK, run_checks
from tests.rig.space import Space


@pytest.mark.parametrize(("steps", "word"), [(2, "ahead of"), (-2, "behind")])
def test_a_clock_that_refuses_every_code_is_named(space: Space, steps, word):
    """Off by less than `clock.right` fails for, and by more than the codes allow."""
    deployment = Deployment(space.url)
    clock = ClockBehind(timedelta(seconds=steps * PERIOD))
    chosen = select_checks(deployment, ["second-factor"])
    findings = {it.check: it for it in examine(deployment, checks=chosen, clock=clock)}
    app = findings["second-factor.app"]
    assert app.verdict is Verdict.FAIL
    assert app.evidence.startswith("codes are refused: the server's clock is ")
    assert f"s {word} this machine's by the Date header" in app.evidence
    assert "Synchronise the clock" in app.fix
    assert findings["account.deleted"].verdict is Verdict.PASS


def test_where_second_factors_are_off_its_checks_are_skipped(tmp_path):
    with Space(tmp_path, {**QUICK, "TWO_FACTOR": "off"}) as space:
        findings = run_checks(space.url, "second-factor")
    app = findings["second-factor.app"]
    assert (app.verdict, app.evidence[:14]) == (Verdict.SKIPPED, "TWO_FACTOR=off")
    assert findings["second-factor.removed"].verdict is Verdict.SKIPPED
