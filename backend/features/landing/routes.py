"""The landing page, and the two small endpoints Better Auth's client expects beside it."""

import re
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query
from pydantic import Field

from backend.features.landing.page import POLICY, landing_page
from backend.kernel.settings import Settings
from backend.web.responses.responses import Response, redirect
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import WireModel

routes = Routes("service", auth_rules=False)
_CODE = re.compile(r"['A-Za-z0-9_-]+")
_MAX_DESCRIPTION_LENGTH = 300  # characters of a provider's own


class Ok(WireModel):
    """The API is available."""

    ok: bool = True


class ErrorQuery(WireModel):
    """Why a link did not work."""

    error: str | list[str] = "UNKNOWN"
    error_description: str | list[str] = Field(default="", alias="error_description")


@routes.get(f"{AUTH}/ok", response_model=Ok)
async def ok() -> Ok:
    """Report that the API is available."""
    return Ok()


@routes.get(f"{AUTH}/error", status=302, headers={"location": "The landing page."})
async def error(query: Annotated[ErrorQuery, Query()]) -> Response:
    """Show on the landing page why a link did not work."""
    parameters = {"error": _check_code(query.error)}
    if query.error_description and isinstance(query.error_description, str):
        parameters["error_description"] = query.error_description[:_MAX_DESCRIPTION_LENGTH]
    return redirect(f"/?{urlencode(parameters)}")


@routes.get("/", in_docs=False)
async def landing(
    settings: Settings, query: Annotated[ErrorQuery | None, Query()] = None
) -> Response:
    """Show the landing page."""
    code = _check_code(query.error) if query and query.error != "UNKNOWN" else None
    page = landing_page(settings, code)
    return Response(
        page.encode(),
        media_type=b"text/html; charset=utf-8",
        headers={"content-security-policy": POLICY},
    )


def _check_code(code: str | list[str]) -> str:
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "UNKNOWN"
