"""Request bodies: how much we read and what we take."""

from typing import Any

from starlette.types import Receive

from backend.kernel.refusals import Refusal
from backend.process.hash_pool import ClientDisconnected
from backend.web.app_context import AppContext
from backend.web.request_context import RequestContext
from backend.web.wire import parse_form, parse_json

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


async def read_body(
    request: RequestContext, receive: Receive, context: AppContext, takes_forms: bool
) -> Any:
    """Return the parsed body, or `...` when there is none.

    JSON only, because a browser sends other types across sites without asking (ASVS 3.5.2); forms
    where Better Auth takes them too.
    """
    if request.method in {"GET", "HEAD"}:
        return ...
    raw = await _read_all(receive, context.runtime.settings.body_limit)
    if not raw:
        return ...
    said = request.headers.get(b"content-type", b"").decode("latin-1")[:100]
    media_type = said.partition(";")[0].strip().lower()
    if media_type == _JSON:
        return parse_json(raw)
    if media_type == _FORM and takes_forms:
        return parse_form(raw)
    allowed = f"{_FORM}, {_JSON}" if takes_forms else _JSON
    if not media_type:
        raise Refusal(
            "UNSUPPORTED_MEDIA_TYPE", f"Content-Type is required. Allowed types: {allowed}"
        )
    raise Refusal(
        "UNSUPPORTED_MEDIA_TYPE",
        f'Content-Type "{said}" is not allowed. Allowed types: {allowed}',
    )


async def _read_all(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise Refusal("PAYLOAD_TOO_LARGE")
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)
