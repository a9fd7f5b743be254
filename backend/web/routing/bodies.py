"""Reads request bodies and checks their size and media type."""

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
    """Return the parsed body, or `...` if there is none.

    Only JSON, because browsers send other types across sites without a preflight (ASVS 3.5.2);
    forms where Better Auth accepts them too.
    """
    if request.method in {"GET", "HEAD"}:
        return ...
    raw = await _read_all(receive, context.runtime.settings.body_limit)
    if not raw:
        return ...
    content_type = request.headers.get(b"content-type", b"").decode("latin-1")[:100]
    media_type = content_type.partition(";")[0].strip().lower()
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
        f'Content-Type "{content_type}" is not allowed. Allowed types: {allowed}',
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
