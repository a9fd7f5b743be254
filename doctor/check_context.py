"""What the checks of one run share: browsers, a throw-away account, earlier results."""

from typing import Any

import httpx

from doctor.check import Check
from doctor.client.browser import (
    HttpClient,
    ProgressCallback,
    SimulatedBrowser,
    UnfinishedResponse,
)
from doctor.client.redaction import EvidenceRedactor
from doctor.client.set_cookie import SetCookie
from doctor.client.throwaway_account import (
    SIGN_IN,
    VERIFY_BACKUP_CODE,
    ThrowawayAccount,
    is_session_usable,
)
from doctor.clock import BlockingClock
from doctor.deployment import Deployment
from doctor.findings import CheckResult, CheckSkipped, Finding, Verdict, failed, to_printable

_MAX_EVIDENCE_CHARS = 2000  # a server may send any amount of text


class CheckContext:
    """What the checks share: browsers, the throw-away account, and earlier results."""

    def __init__(
        self, deployment: Deployment, clock: BlockingClock, report_progress: ProgressCallback
    ) -> None:
        self.deployment = deployment
        self.clock = clock
        self._report_progress = report_progress
        self.account = ThrowawayAccount.generate()
        self.verdicts: dict[str, Verdict] = {}
        self._redactor = EvidenceRedactor()
        self._redactor.add(self.account.password)
        if deployment.admin is not None:
            admin = deployment.admin
            self._redactor.add(admin.password, admin.session, admin.backup_code)
        self.server = self.connect(deployment.url)
        self.app = self.connect(deployment.frontend) if deployment.frontend else None
        self.visitor = SimulatedBrowser(self.server, deployment.url)
        """The browser in which the throw-away account was created."""
        self.shared: dict[str, Any] = {}
        """What one check passes to another, by a name that both use."""
        self._admin: SimulatedBrowser | None = None
        self._admin_error = ""
        self._unreachable_since = ""
        self._status: dict[str, Any] | None = None

    def report_progress(self, text: str) -> None:
        """Report in a few words what is being done or waited for."""
        self._report_progress(to_printable(text))

    def tolerate_listener(self) -> None:
        """Report on, until the listener fails: it may be gone, or have caused the failure."""
        listener = self._report_progress

        def report(text: str) -> None:
            try:
                listener(text)
            except Exception:  # what it was is on its way to the caller of `examine` already
                self._report_progress = lambda _: None

        self._report_progress = report

    def run_check(self, check: Check) -> Finding:
        """Run one check, unless one that it needs has not passed."""
        self.report_progress(check.title)
        began = self.clock.monotonic()
        outcome = self._unmet_dependency(check) or self._run(check)
        self.verdicts[check.name] = outcome.verdict
        took = self.clock.monotonic() - began
        evidence, fix = map(self._clean, (outcome.evidence, outcome.fix))
        return Finding(check.name, check.title, outcome.verdict, evidence, fix, took)

    def anonymous_browser(self, origin: str | None = None) -> SimulatedBrowser:
        """Return a browser without cookies, on a page of the deployment or of `origin`."""
        return SimulatedBrowser(self.server, origin or self.deployment.url)

    def signed_in_browser(self) -> SimulatedBrowser:
        """Return the visitor's browser, signed in; raises CheckSkipped if that fails."""
        if not is_session_usable(self.visitor, self.clock):
            self.visitor = self.new_signed_in_browser()
        return self.visitor

    def session_cookie(self) -> SetCookie:
        """Return the visitor's session cookie; raises CheckSkipped if it has been deleted."""
        cookie = self.visitor.session_cookie()
        if cookie is None:
            raise CheckSkipped("the session cookie was set, then deleted again")
        return cookie

    def new_signed_in_browser(self) -> SimulatedBrowser:
        """Sign the account in from a new browser; raises CheckSkipped if that fails."""
        browser = self.anonymous_browser()
        reply = self.account.sign_in(browser)
        if reply.status != 200:
            raise CheckSkipped(f"signing in answered {reply.summary}")
        return browser

    def admin_browser(self) -> SimulatedBrowser:
        """Return a browser in which the given admin is signed in; raises CheckSkipped."""
        if self._admin_error:  # tried once: wrong passwords may lock the admin's account
            raise CheckSkipped(self._admin_error)
        if self._admin is None:
            try:
                self._admin = sign_in_admin(self)
            except CheckSkipped as reason:
                self._admin_error = str(reason)
                raise
        return self._admin

    @property
    def has_admin(self) -> bool:
        """Whether an admin is signed in."""
        return self._admin is not None

    def status(self) -> dict[str, Any]:
        """Return the deployment's status, which only admins can read; raises CheckSkipped."""
        if self._status is None:
            reply = self.admin_browser().get("/api/admin/status")
            if reply.status != 200:
                raise CheckSkipped(f"GET /api/admin/status answered {reply.summary}")
            self._status = reply.json()
        return self._status or {}

    def close(self) -> None:
        """Close the connections."""
        self.server.close()
        if self.app is not None:
            self.app.close()

    def connect(self, base: str) -> HttpClient:
        """Return a client for this origin."""
        return HttpClient(base, self.deployment, self.clock, self.report_progress, self._redactor)

    def _clean(self, text: str) -> str:
        """Redact secrets that a server may have quoted, and what would give a terminal orders."""
        redacted = to_printable(self._redactor.redact(text))
        if len(redacted) <= _MAX_EVIDENCE_CHARS:
            return redacted
        return f"{redacted[:_MAX_EVIDENCE_CHARS]}..."

    def _unmet_dependency(self, check: Check) -> CheckResult | None:
        unmet = [name for name in check.needs if self.verdicts.get(name) not in _SATISFIED]
        if unmet:
            failed_it = self.verdicts.get(unmet[0]) is Verdict.FAIL
            reason = f"{unmet[0]}, which {'failed' if failed_it else 'was skipped'}"
        elif check.needs and self._unreachable_since:
            reason = f"{self._unreachable_since}, after which the server stopped responding"
        else:
            return None
        return CheckResult(Verdict.SKIPPED, f"needs {reason}")

    def _run(self, check: Check) -> CheckResult:
        try:
            return check.function(self)
        except CheckSkipped as reason:
            return CheckResult(Verdict.SKIPPED, str(reason))
        except _UNEXPECTED_FORMAT as error:
            return failed(
                f"the response has an unexpected format ({type(error).__name__})",
                "Let the proxy pass requests on: something else may answer in Gatehouse's place.",
            )
        except UnfinishedResponse as error:
            return failed(
                str(error),
                "Let the proxy pass responses on as they come and end them, or find out what else "
                "answers there: the server itself ends every response.",
            )
        except httpx.RequestError as error:
            self._unreachable_since = "" if self._is_reachable() else check.name
            return failed(
                f"no response: {str(error) or type(error).__name__}",
                "Run the doctor again. If it fails again, read the server's log for this time.",
            )

    def _is_reachable(self) -> bool:
        try:
            self.anonymous_browser().send_once("GET", "/health")
        except httpx.RequestError:
            return False
        return True


_SATISFIED = {Verdict.PASS, Verdict.WARN}
_UNEXPECTED_FORMAT = (
    LookupError,
    TypeError,
    AttributeError,
    ValueError,
    ArithmeticError,
    RecursionError,
)


def sign_in_admin(context: CheckContext) -> SimulatedBrowser:
    """Sign in the admin the doctor was given; raises CheckSkipped."""
    admin = context.deployment.admin
    if admin is None:
        raise CheckSkipped("only admins can read this; give the doctor one with --email")
    browser = context.anonymous_browser()
    if admin.session:
        browser.bearer = admin.session
        return browser
    payload = {"email": admin.email, "password": admin.password.reveal(), "rememberMe": False}
    reply = browser.post(SIGN_IN, payload)
    if reply.field("twoFactorRedirect") is True:
        if not admin.backup_code:
            raise CheckSkipped(
                "the given admin has a second factor: pass one of their backup codes with "
                "--backup-code, or run the checks in the panel"
            )
        reply = browser.post(VERIFY_BACKUP_CODE, {"code": admin.backup_code.reveal()})
    if reply.status != 200:
        raise CheckSkipped(f"the given admin could not sign in: {reply.summary}")
    return browser
