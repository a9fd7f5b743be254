"""The doctor's checks of the second factor, beyond those that every broken deployment gets."""

from datetime import timedelta

import httpx
import pyotp
import pytest

from doctor import Admin, Deployment, Verdict, examine
from doctor.client.secret_text import SecretText
from doctor.client.totp import PERIOD
from doctor.selection import select_checks
from tests.doctor.checks.test_broken_deployments import ClockBehind
from tests.doctor.run_checks import ADMIN, PASSWORD, QUICK, WITH_ADMIN, run_checks
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


def test_where_everybody_must_have_one_the_account_enrols_at_once(tmp_path):
    with Space(tmp_path, {**QUICK, "REQUIRE_TWO_FACTOR_FOR": "everybody"}) as space:
        findings = run_checks(space.url, "session", "cookies", "second-factor", "protection")
    skipped = {name for name, each in findings.items() if each.verdict is Verdict.SKIPPED}
    assert skipped == {"second-factor.removed", "protection.expired"}
    assert {each.verdict for each in findings.values()} == {Verdict.PASS, Verdict.SKIPPED}


def test_an_admin_with_a_second_factor_gives_a_backup_code(tmp_path):
    """Without one the doctor says what it needs."""
    with Space(tmp_path, {**QUICK, **WITH_ADMIN}) as space:
        codes = enrol_admin(space.url)
        refused = run_checks(space.url, "admin.let-in", admin=True)["admin.let-in"]
        assert "--backup-code" in refused.evidence
        admin = Admin(ADMIN, SecretText(PASSWORD), backup_code=SecretText(codes[0]))
        deployment = Deployment(space.url, admin=admin)
        findings = list(examine(deployment, checks=select_checks(deployment, ["admin.let-in"])))
    assert {each.verdict for each in findings} == {Verdict.PASS, Verdict.SKIPPED}


def enrol_admin(url: str) -> list[str]:
    """Turn an authenticator app on for the admin; returns the backup codes."""
    with httpx.Client(base_url=f"{url}/api/auth/", headers={"origin": url}) as browser:
        browser.post("sign-in/email", json={"email": ADMIN, "password": PASSWORD})
        enrolment = browser.post("two-factor/enable", json={"password": PASSWORD}).json()
        code = pyotp.parse_uri(enrolment["totpURI"]).now()
        assert browser.post("two-factor/verify-totp", json={"code": code}).status_code == 200
        codes: list[str] = enrolment["backupCodes"]
        return codes


def test_where_second_factors_are_off_its_checks_are_skipped(tmp_path):
    with Space(tmp_path, {**QUICK, "TWO_FACTOR": "off"}) as space:
        findings = run_checks(space.url, "second-factor")
    app = findings["second-factor.app"]
    assert (app.verdict, app.evidence[:14]) == (Verdict.SKIPPED, "TWO_FACTOR=off")
    assert findings["second-factor.removed"].verdict is Verdict.SKIPPED
