"""What the checks of one examination share: browsers, a throw-away account, what was seen."""

from typing import Any

import httpx

from doctor.account import Account, is_usable
from doctor.browser import Browser, Say, Wire
from doctor.check import Check
from doctor.clock import Clock
from doctor.deployment import Deployment
from doctor.findings import CannotTell, Finding, Outcome, Verdict, failed
from doctor.redaction import Redactor
from doctor.set_cookie import SetCookie

_EVIDENCE_AT_MOST = 2000  # characters; a server may write what it likes


class Examination:
    """What the checks share: the browsers, the throw-away account, and what was found so far."""

    def __init__(self, deployment: Deployment, clock: Clock, say: Say) -> None:
        self.deployment = deployment
        self.clock = clock
        self._say = say
        self.account = Account.invented()
        self.verdicts: dict[str, Verdict] = {}
        self._redactor = Redactor()
        self._redactor.learn(self.account.password)
        if deployment.admin is not None:
            self._redactor.learn(deployment.admin.password, deployment.admin.session)
        self.server = self._wire(deployment.url)
        self.app = self._wire(deployment.frontend) if deployment.frontend else None
        self.visitor = Browser(self.server, deployment.url)
        """The browser in which the throw-away account was made."""
        self.seen: dict[str, Any] = {}
        """What one check leaves for another, by a name both write out."""
        self._admin: Browser | None = None
        self._no_admin = ""
        self._silent_since = ""
        self._status: dict[str, Any] | None = None

    def say(self, text: str) -> None:
        """Tell in a few words what is being done or waited for."""
        self._say(text)

    def fall_silent(self) -> None:
        """Say nothing more: who listened may be gone, or be what went wrong."""
        self._say = lambda _: None

    def make(self, check: Check) -> Finding:
        """Make one check, unless one that it needs has not passed."""
        self.say(check.title)
        began = self.clock.monotonic()
        outcome = self._missing(check) or self._look(check)
        self.verdicts[check.name] = outcome.verdict
        took = self.clock.monotonic() - began
        evidence = self._shown(outcome.evidence)
        return Finding(check.name, check.title, outcome.verdict, evidence, outcome.fix, took)

    def stranger(self, origin: str | None = None) -> Browser:
        """Return a browser without cookies, on a page of the deployment or of `origin`."""
        return Browser(self.server, origin or self.deployment.url)

    def signed_in(self) -> Browser:
        """Return the visitor's browser, signed in; raises CannotTell if it cannot be."""
        if not is_usable(self.visitor, self.clock):
            self.visitor = self.another_device()
        return self.visitor

    def session_cookie(self) -> SetCookie:
        """Return the cookie of the visitor's session; raises CannotTell if it is gone again."""
        cookie = self.visitor.session_cookie()
        if cookie is None:
            raise CannotTell("the session's cookie was set, and taken away again")
        return cookie

    def another_device(self) -> Browser:
        """Sign the account in from a browser of its own; raises CannotTell if that fails."""
        browser = self.stranger()
        reply = self.account.sign_in(browser)
        if reply.status != 200:
            raise CannotTell(f"signing in answered {reply.told}")
        return browser

    def admin(self) -> Browser:
        """Return a browser in which the given admin is signed in; raises CannotTell."""
        if self._no_admin:  # asked once: each wrong password counts against the admin's account
            raise CannotTell(self._no_admin)
        if self._admin is None:
            try:
                self._admin = sign_in_admin(self)
            except CannotTell as reason:
                self._no_admin = str(reason)
                raise
        return self._admin

    @property
    def has_admin(self) -> bool:
        """Whether an admin is signed in."""
        return self._admin is not None

    def status(self) -> dict[str, Any]:
        """Return what admins are told about the deployment; raises CannotTell."""
        if self._status is None:
            reply = self.admin().get("/api/admin/status")
            if reply.status != 200:
                raise CannotTell(f"GET /api/admin/status answered {reply.told}")
            self._status = reply.json()
        return self._status or {}

    def close(self) -> None:
        """Let go of the connections."""
        self.server.close()
        if self.app is not None:
            self.app.close()

    def _wire(self, base: str) -> Wire:
        return Wire(base, self.deployment, self.clock, self.say, self._redactor)

    def _shown(self, text: str) -> str:
        """Take out what a server may have quoted back to us, and cut what is too long to read."""
        shown = self._redactor.without_secrets(text)
        return shown if len(shown) <= _EVIDENCE_AT_MOST else f"{shown[:_EVIDENCE_AT_MOST]}..."

    def _missing(self, check: Check) -> Outcome | None:
        lost = [name for name in check.needs if self.verdicts.get(name) not in _GOOD]
        if not lost and check.needs and self._silent_since:
            silent = f"it needs {self._silent_since}, since which the server does not answer"
            return Outcome(Verdict.SKIPPED, f"not made: {silent}")
        if not lost:
            return None
        verdict = self.verdicts.get(lost[0])
        why = "did not pass" if verdict is Verdict.FAIL else "could not be made"
        return Outcome(Verdict.SKIPPED, f"not made: it needs {lost[0]}, which {why}")

    def _look(self, check: Check) -> Outcome:
        try:
            return check.look(self)
        except CannotTell as reason:
            return Outcome(Verdict.SKIPPED, f"not made: {reason}")
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            return failed(
                f"an answer was of a shape nobody expects ({type(error).__name__})",
                "Does a proxy or another server answer in Gatehouse's place?",
            )
        except httpx.RequestError as error:
            self._silent_since = "" if self._answers() else check.name
            return failed(
                f"no answer: {str(error) or type(error).__name__}",
                "Run the doctor again. If it stays, read the server's log at this time.",
            )

    def _answers(self) -> bool:
        try:
            self.stranger().send_once("GET", "/health")
        except httpx.RequestError:
            return False
        return True


_GOOD = {Verdict.PASS, Verdict.WARN}


def sign_in_admin(examination: Examination) -> Browser:
    """Sign in the admin the doctor was given; raises CannotTell."""
    given = examination.deployment.admin
    if given is None:
        raise CannotTell("only admins are told; give the doctor one with --email")
    browser = examination.stranger()
    if given.session:
        browser.bearer = given.session
        return browser
    said = {"email": given.email, "password": given.password.reveal(), "rememberMe": False}
    reply = browser.post("/api/auth/sign-in/email", said)
    if reply.status != 200:
        raise CannotTell(f"the given admin could not sign in: {reply.told}")
    return browser
