"""What a captcha at sign-up means for the doctor, which cannot solve one."""

from doctor.client.browser import Reply
from doctor.findings import CheckResult, CheckSkipped, failed

CODES = {"MISSING_RESPONSE", "VERIFICATION_FAILED", "UNKNOWN_ERROR"}


def explain(reply: Reply) -> CheckResult:
    """Name what refused a sign-up with one of these codes; raises CheckSkipped."""
    code = reply.field("code")
    if code == "VERIFICATION_FAILED":
        raise CheckSkipped(
            "a captcha guards signing up (CAPTCHA_PROVIDER), as it should: run the doctor on a "
            "deployment with the provider's test keys, which take any token"
        )
    if code == "MISSING_RESPONSE":
        return failed(
            f"{reply.summary}: the header x-captcha-response did not arrive",
            "Let the proxy pass the header x-captcha-response on: without it nobody gets in.",
        )
    return failed(
        f"{reply.summary}: the captcha's provider could not be asked, so nobody gets in",
        "Let the server reach the provider (or CAPTCHA_VERIFY_URL): its log says why it did not "
        "under captcha_unavailable.",
    )
