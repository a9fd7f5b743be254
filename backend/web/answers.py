"""What goes back: status, body, cookies, headers, in the bytes ASGI wants."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from backend.kernel.refusals import Refusal

JSON = b"application/json"


@dataclass(slots=True)
class Answer:
    """One answer. `body` is a model, JSON bytes that are ready, or None for an empty body."""

    body: BaseModel | bytes | None = None
    status: int = 200
    cookies: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    media_type: bytes = JSON

    def payload(self) -> bytes:
        if isinstance(self.body, BaseModel):
            return _dumped(self.body)
        return self.body or b""


def redirect(target: str) -> Answer:
    """Send the browser elsewhere; `target` has been checked (`TrustedOrigins.allows_target`)."""
    return Answer(status=302, headers={"location": header_safe(target)})


def header_safe(target: str) -> str:
    """Return a URL fit for a header: what is not ASCII is percent-encoded, the rest untouched."""
    return quote(target, safe="!#$%&'()*+,/:;=?@[]~")


def refused(refusal: Refusal) -> Answer:
    """Say no in Better Auth's shape: flat `message` and `code`, the latter not always there.

    A refusal with neither has no body.
    """
    if refusal.code is None and not refusal.message:
        return Answer(status=refusal.status, headers=refusal.headers)
    said = {"message": refusal.message, "code": refusal.code}
    body = json.dumps({key: value for key, value in said.items() if value is not None})
    return Answer(body.encode(), refusal.status, headers=refusal.headers)


def messages(answer: Answer, more_cookies: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two ASGI messages of an answer.

    Its cookies are set in their order, even one name twice: what the browser has is deleted first.
    Of `more_cookies` those are left out that the answer sets itself.
    """
    payload = answer.payload()
    said = {"cache-control": "no-store", **answer.headers}  # it depends on who asks (ASVS 14.3.2)
    headers = [(b"content-length", str(len(payload)).encode())]
    if answer.status != 404 or payload:
        headers.append((b"content-type", answer.media_type))
    headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in said.items()]
    named = {_cookie_name(line) for line in answer.cookies}
    lines = [line for line in more_cookies if _cookie_name(line) not in named] + answer.cookies
    headers += [(b"set-cookie", line.encode()) for line in lines]
    return (
        {"type": "http.response.start", "status": answer.status, "headers": headers},
        {"type": "http.response.body", "body": payload},
    )


NOT_FOUND = Answer(status=404)
"""Unknown path or method: an empty 404, never 405."""


def list_of(models: Iterable[BaseModel]) -> Answer:
    """Answer with a JSON array."""
    return Answer(b"[" + b",".join(_dumped(each) for each in models) + b"]")


def _cookie_name(line: str) -> str:
    return line.partition("=")[0]


def _dumped(model: BaseModel) -> bytes:
    return model.model_dump_json(by_alias=True).encode()
