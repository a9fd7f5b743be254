"""The panel's client of the API: HTTP over ASGI, within the process."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from doctor.client.set_cookie import parse_set_cookie
from panel.client.visitor import CookieKind, CurrentAdmin, Visitor
from panel.ports import PanelSettings


class ApiError(Exception):
    """The API refused or failed; `message` and `code` are from its response."""

    def __init__(
        self, status: int, code: str = "", message: str = "", retry_after: int = 5
    ) -> None:
        super().__init__(f"the API answered {status} {code}".rstrip())
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
        """Seconds to wait before a retry; meaningful with 429 and 503 only."""
        self.request_id = ""
        """The id under which the log has the request."""

    @classmethod
    def from_response(cls, response: httpx.Response) -> "ApiError":
        """Build the error from a response."""
        try:
            payload = response.json()
        except ValueError:
            payload = None
        payload = payload if isinstance(payload, dict) else {}
        code, message = str(payload.get("code") or ""), str(payload.get("message") or "")
        error = cls(response.status_code, code, message, retry_after(response))
        error.request_id = response.headers.get("x-request-id", "")
        return error


def _mark(app: ASGIApp) -> ASGIApp:
    """Let the API know that the panel of its own process calls: its sign-in needs no captcha, and
    admits admins only. Nobody outside can set a key of the scope."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "gatehouse.from_panel": True}, receive, send)

    return call


class ApiClient:
    """Calls the API with the visitor's own session and address, so that all its rules apply."""

    def __init__(self, app: ASGIApp, settings: PanelSettings) -> None:
        self._app = app
        self.base_url = settings.base_url
        self._requires_factor = settings.require_two_factor_for != "none"
        self._origin = origin_of(settings.base_url)
        prefix = "__Secure-" if settings.secure_cookies else ""
        self._cookies = {
            CookieKind.SESSION: f"{prefix}better-auth.session_token",
            CookieKind.DEVICE: f"{prefix}gatehouse.device",
            CookieKind.CHALLENGE: f"{prefix}better-auth.two_factor",
            CookieKind.TRUSTED: f"{prefix}better-auth.trust_device",
            CookieKind.PASSKEY: f"{prefix}better-auth.better-auth-passkey",
            CookieKind.STATE: f"{prefix}better-auth.state",
        }

    async def call(
        self, visitor: Visitor, method: str, path: str, body: Any = None
    ) -> httpx.Response:
        """Send a request as this visitor, with a JSON body."""
        transport = httpx.ASGITransport(_mark(self._app), client=visitor.peer)
        async with httpx.AsyncClient(
            transport=transport, base_url=self.base_url, trust_env=False
        ) as client:
            return await client.request(method, path, json=body, headers=self.headers(visitor))

    async def get(self, admin: CurrentAdmin, path: str, **query: Any) -> Any:
        """Send a GET as this admin and return the JSON; raises ApiError.

        Parameters that are None or empty are left out; a list is repeated, True is `true`.
        """
        params = {name: value for name, value in query.items() if value not in (None, "")}
        url = f"{path}?{httpx.QueryParams(params)}" if params else path
        return _json_or_raise(await self.call(admin.visitor, "GET", url))

    async def post(
        self, admin: CurrentAdmin, path: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Send a POST as this admin and return the JSON; raises ApiError."""
        return _json_or_raise(await self.call(admin.visitor, "POST", path, dict(body or {})))

    async def find_admin(self, visitor: Visitor) -> CurrentAdmin | None:
        """Return the admin whose session this is, or None; raises ApiError."""
        if visitor.token is None:
            return None
        # The panel's sessions end after a day, used or not, so reading one must not extend it.
        response = await self.call(visitor, "GET", "/api/auth/get-session?disableRefresh=true")
        if response.status_code != 200:
            raise ApiError.from_response(response)
        payload = response.json()
        if payload is None or not is_admin(payload["user"]):
            return None
        user, has_factor = payload["user"], payload["user"]["twoFactorEnabled"]
        return CurrentAdmin(
            visitor,
            visitor.token,
            user["email"],
            payload["session"]["ipAddress"] or "",
            user["id"],
            has_second_factor=has_factor,
            must_enrol=self._requires_factor and not has_factor,
        )

    async def sign_in(self, visitor: Visitor, email: str, password: str) -> httpx.Response:
        """Sign in with e-mail and password."""
        payload = {"email": email, "password": password, "rememberMe": False}
        return await self.call(visitor, "POST", "/api/auth/sign-in/email", payload)

    async def sign_out(self, visitor: Visitor) -> httpx.Response:
        """End the visitor's session."""
        return await self.call(visitor, "POST", "/api/auth/sign-out", {})

    def cookies_in(self, response: httpx.Response) -> dict[CookieKind, str]:
        """Return the values of the cookies that a response sets; an empty one deletes it."""
        lines = map(parse_set_cookie, response.headers.get_list("set-cookie"))
        values = {each.name: "" if each.is_deletion else each.value for each in lines}
        return {kind: values[name] for kind, name in self._cookies.items() if name in values}

    def headers(self, visitor: Visitor) -> dict[str, str]:
        """Return the headers of a request of this visitor."""
        values = {
            CookieKind.SESSION: [visitor.token] if visitor.token else [],
            CookieKind.DEVICE: visitor.devices,
            CookieKind.CHALLENGE: visitor.challenges,
            CookieKind.TRUSTED: visitor.trusted,
            CookieKind.PASSKEY: visitor.passkeys,
            CookieKind.STATE: visitor.states,
        }
        headers = {
            "origin": self._origin,
            "user-agent": visitor.user_agent,
            "cookie": "; ".join(
                f"{self._cookies[kind]}={value}" for kind, each in values.items() for value in each
            ),
            "x-forwarded-for": visitor.forwarded_for,
        }
        return {name: value for name, value in headers.items() if value}


def _json_or_raise(response: httpx.Response) -> Any:
    if not response.is_success:
        raise ApiError.from_response(response)
    return response.json()


def is_admin(user: dict[str, Any]) -> bool:
    """Tell whether a user from the API has the admin role."""
    return "admin" in (user.get("role") or "").split(",")


def retry_after(response: httpx.Response) -> int:
    """Return the Retry-After of a response in seconds; 5 without one."""
    value = response.headers.get("retry-after", "")
    return int(value) if value.isdecimal() else 5


def origin_of(url: str) -> str:
    """Return the origin of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
