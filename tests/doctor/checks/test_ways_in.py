"""The doctor's checks of the ways in besides the password, and of a captcha."""

import pytest

from doctor import Verdict
from tests.doctor.run_checks import QUICK, run_checks
from tests.rig.space import Space
from tests.rig.stand_in import StandIn, say

ELSEWHERE = "https://app.example.com"


def test_every_way_is_reached_and_passkeys_fit_the_page(tmp_path):
    more = {"ANONYMOUS_SIGN_IN": "on", "MULTI_SESSION": "on", "MAILBOX_FILE": str(tmp_path / "m")}
    with Space(tmp_path, {**QUICK, **more}) as space:
        url = space.url.replace("127.0.0.1", "localhost")
        findings = run_checks(url, "ways", frontend="http://localhost:3000")
    ways = "username, passkey, magicLink, emailOtp, anonymous, multiSession"
    assert findings["ways.endpoints"].evidence == f"offered and reached: {ways}"
    assert findings["ways.passkeys"].evidence == "rp id localhost at http://localhost:3000"
    assert findings["ways.accounts"].verdict is Verdict.PASS


def test_a_page_that_is_not_below_the_rp_id_is_named(tmp_path):
    settings = {**QUICK, "PASSKEY_RP_ID": "example.org", "PASSKEY_ORIGINS": "https://example.org"}
    with Space(tmp_path, settings) as space:
        finding = run_checks(space.url, "ways.passkeys", frontend=ELSEWHERE)["ways.passkeys"]
    assert finding.verdict is Verdict.FAIL
    assert finding.evidence.endswith(f", and not at {ELSEWHERE}")
    assert f"FRONTEND_URL={ELSEWHERE}" in finding.fix


def test_what_is_switched_off_is_skipped(tmp_path):
    with Space(tmp_path, {**QUICK, "PASSKEYS": "off"}) as space:
        findings = run_checks(space.url, "ways")
    assert findings["ways.passkeys"].evidence.startswith("PASSKEYS=off")
    assert findings["ways.accounts"].evidence == "MULTI_SESSION=off"


@pytest.mark.parametrize(
    ("answer", "verdict", "evidence"),
    [
        (b'{"success":true}', Verdict.PASS, "deleted at the end"),
        (b'{"success":false}', Verdict.SKIPPED, "test keys"),
        (b"", Verdict.FAIL, "could not be asked"),
    ],
)
def test_a_captcha_is_named(tmp_path, answer, verdict, evidence):
    with StandIn(say(answer, kind="application/json")) as provider:
        settings = {
            **QUICK,
            "CAPTCHA_PROVIDER": "turnstile",
            "CAPTCHA_SITE_KEY": "1x",
            "CAPTCHA_SECRET": "1x-secret",
            "CAPTCHA_VERIFY_URL": provider.url,
        }
        with Space(tmp_path, settings) as space:
            finding = run_checks(space.url, "account.sign-up")["account.sign-up"]
    assert finding.verdict is verdict
    assert evidence in finding.evidence
