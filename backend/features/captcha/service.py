"""Asks a captcha's provider whether the token that a page sends is genuine (wire.md 5.10)."""

import json
from collections.abc import Mapping
from typing import Any

import structlog

from backend.kernel.captcha import list_endpoints
from backend.kernel.clock import Clock
from backend.kernel.log_limit import LogLimit
from backend.kernel.refusals import Refusal
from backend.kernel.settings import Settings
from backend.process.outside_service import NoUsableResponse, OutsideService

_TIMEOUT = 5.0  # seconds in all; Better Auth waits ten
_MAX_SIZE = 65_536  # bytes
_VERIFY_URLS = {
    "turnstile": "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    "hcaptcha": "https://api.hcaptcha.com/siteverify",
    "recaptcha": "https://www.google.com/recaptcha/api/siteverify",
}
_OPERATORS_FAULTS = {
    "missing-input-secret",
    "invalid-input-secret",
    "invalid-keys",
    "sitekey-secret-mismatch",
    "not-using-dummy-secret",
}
"""The providers' error codes that no visitor can cause."""

log = structlog.get_logger()


class Captcha:
    """Checks the tokens of the provider that the settings name; of none, it protects nothing.

    A token works once, which the provider sees to: here nothing is remembered or asked twice.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._endpoints = frozenset(list_endpoints(settings))
        self._log_limit = LogLimit()
        self._service: OutsideService | None = None
        if settings.captcha_provider != "none":
            url = settings.captcha_verify_url or _VERIFY_URLS[settings.captcha_provider]
            self._service = OutsideService(url, clock, timeout=_TIMEOUT, max_size=_MAX_SIZE)

    def protects(self, path: str) -> bool:
        """Tell whether an auth endpoint, named by its path below the base path, needs a token."""
        return path in self._endpoints

    async def check(self, token: str, address: str) -> None:
        """Refuse unless the provider takes this token of a client with this address."""
        if not token:
            raise Refusal("MISSING_RESPONSE")
        verdict = await self._ask(token, address)
        if not isinstance(verdict, dict) or not self._accepts(verdict):
            raise Refusal("VERIFICATION_FAILED")

    def close(self) -> None:
        """Close the connections to the provider."""
        if self._service is not None:
            self._service.close()

    async def _ask(self, token: str, address: str) -> Any:
        """Return what the provider says; refuses with 500 if it says nothing (fails closed)."""
        if self._service is None:
            raise RuntimeError("no captcha is configured")
        try:
            body = await self._service.post_async(
                self._build_fields(token, address),
                as_json=self._settings.captcha_provider == "turnstile",
            )
        except NoUsableResponse as error:
            self._warn("captcha_unavailable", str(error))
            raise Refusal("UNKNOWN_ERROR") from None
        verdict = _parse(body)
        if not isinstance(verdict, dict):
            self._warn("captcha_unavailable", "its response is not a JSON object")
        if verdict in (None, False, 0, ""):  # as Better Auth; of other texts it says 403
            raise Refusal("UNKNOWN_ERROR")
        return verdict

    def _build_fields(self, token: str, address: str) -> dict[str, str]:
        secret = self._settings.captcha_secret
        fields = {"secret": secret.reveal() if secret else "", "response": token}
        if self._settings.captcha_provider == "hcaptcha":
            fields["sitekey"] = self._settings.captcha_site_key
        if address:
            fields["remoteip"] = address
        return fields

    def _accepts(self, verdict: Mapping[str, Any]) -> bool:
        settings = self._settings
        if verdict.get("success") is not True:
            self._warn_of_faults(verdict.get("error-codes"))
            return False
        score, action, host = (verdict.get(name) for name in ("score", "action", "hostname"))
        if settings.captcha_provider != "recaptcha" or not isinstance(score, int | float):
            score = 1  # only reCAPTCHA v3 has one: 1 is a human, 0 a bot
        if score < settings.captcha_min_score:
            return False
        if settings.captcha_action and action != settings.captcha_action:
            self._warn("captcha_of_another_action", str(action)[:100])
            return False
        if settings.captcha_hostnames and host not in settings.captcha_hostnames:
            self._warn("captcha_of_another_host", str(host)[:100])
            return False
        return True

    def _warn_of_faults(self, codes: Any) -> None:
        faults = [each for each in codes if each in _OPERATORS_FAULTS] if _is_list(codes) else []
        if faults:
            self._warn("captcha_misconfigured", f"{', '.join(faults)}; see CAPTCHA_SECRET")

    def _warn(self, event: str, reason: str) -> None:
        if self._log_limit.allows(event, self._clock.monotonic()):
            log.warning(event, provider=self._settings.captcha_provider, reason=reason)


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")  # a score of NaN would be below no bound


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
