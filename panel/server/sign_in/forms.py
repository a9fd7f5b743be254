"""Reads the forms of the pages without Gradio, and answers them with a redirect."""

from collections.abc import Sequence
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope

from panel.server.request_headers import get_header

_FORM = "application/x-www-form-urlencoded"
_MAX_FORM = 16 * 1024
_MAX_FIELDS = 10


async def read_form(scope: Scope, receive: Receive) -> dict[str, str] | None:
    """Read a small form; None if the body is not one."""
    if (get_header(scope, b"content-type") or "").partition(";")[0].strip().lower() != _FORM:
        return None
    body = b""
    try:
        async for piece in Request(scope, receive).stream():
            body += piece
            if len(body) > _MAX_FORM:
                return None
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except (ClientDisconnect, ValueError):
        return None
    return {name: values[0] for name, values in fields.items()}


def read_query(scope: Scope) -> dict[str, str]:
    """Read the parameters of a page's address, the last of each name."""
    fields = parse_qs(scope["query_string"].decode("latin-1"))
    return {name: values[-1] for name, values in fields.items()}


def redirect(target: str, cookies: Sequence[str] = ()) -> Response:
    """Lead the browser to a page that it loads with GET, with Set-Cookie lines."""
    response = RedirectResponse(target, 303)
    for line in cookies:
        response.headers.append("set-cookie", line)
    return response
