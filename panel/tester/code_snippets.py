"""Writes requests as code for a shell, a program or a page."""

import json
import pprint
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from panel.client.loopback import SentRequest
from panel.tester import words
from panel.tester.exchange import parse_json

AUTH = "/api/auth/"
# Set by every client itself, or added only by the Tester.
_OMITTED = {
    *("host", "accept", "accept-encoding", "connection", "content-length", "user-agent"),
    *("x-forwarded-for", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"),
}
_METHOD_PATH = re.compile(r"[a-z]+(-[a-z]+)*(/[a-z]+(-[a-z]+)*)*")
_IDENTIFIER = re.compile(r"^(\s*)\"([A-Za-z_$][\w$]*)\":", re.M)


def render_snippet(name: str, request: SentRequest, public_url: str) -> str:
    """Write a request in one of FORMATS, with the server's public URL."""
    return FORMATS[name](request, public_url)


def curl(request: SentRequest, public_url: str) -> str:
    """Write it for a shell."""
    method = "--head" if request.method == "HEAD" else f"--request {request.method}"
    url = shlex.quote(_url(request, public_url))
    headers = (f"{name}: {value}" for name, value in _visible_headers(request))
    lines = [f"curl --include --globoff --path-as-is {method} {url}"]
    lines += [f"--header {shlex.quote(header)}" for header in headers]
    lines += [f"--data-raw {shlex.quote(request.body)}"] if request.body else []
    return " \\\n  ".join(lines)


def httpx(request: SentRequest, public_url: str) -> str:
    """Write it for Python."""
    headers = dict(_visible_headers(request))
    arguments = [repr(request.method), repr(_url(request, public_url))]
    arguments += [f"headers={_python(headers)}"] if headers else []
    arguments += [f"content={request.body!r}.encode()"] if request.body else []
    inside = "".join(f"    {each},\n" for each in arguments)
    printed = "print(response.status_code, response.text)"
    return f"import httpx\n\nresponse = httpx.request(\n{inside})\n{printed}"


def fetch(request: SentRequest, public_url: str) -> str:
    """Write it for JavaScript."""
    options: dict[str, Any] = {"method": request.method, "headers": dict(_visible_headers(request))}
    lines = _object(options)
    if request.body:
        payload = _json_object(request.body)
        text = json.dumps(request.body, ensure_ascii=False)
        body = text if payload is None else f"JSON.stringify({_indented(_object(payload))})"
        lines = f"{lines[:-2]},\n  body: {body}\n}}"
    url = json.dumps(_url(request, public_url))
    return (
        f"// {words.IN_A_PAGE}\nconst response = await fetch({url}, {lines});\n"
        "console.log(response.status, await response.text());"
    )


def better_auth(request: SentRequest, public_url: str) -> str:
    """Write it for Better Auth's client, whose methods are named after the paths."""
    path, _, query = request.path.partition("?")
    if not path.startswith(AUTH):
        return f"// {words.NOT_FOR_THE_CLIENT}\n{fetch(request, public_url)}"
    payload = _json_object(request.body)
    has_method = _METHOD_PATH.fullmatch(path.removeprefix(AUTH)) and not query
    if not has_method or (request.body and payload is None):
        client_call = _generic(request)
    else:
        client_call = _method_call(path.removeprefix(AUTH), request.method, payload or {})
    return (
        'import { createAuthClient } from "better-auth/client";\n'
        'import { adminClient } from "better-auth/client/plugins";\n\n'
        f"const authClient = createAuthClient({{\n  baseURL: {json.dumps(public_url)},\n"
        f"  plugins: [adminClient()],\n}});\nconst {{ data, error }} = await {client_call};\n"
        "console.log(data ?? error);"
    )


FORMATS: Mapping[str, Callable[[SentRequest, str], str]] = {
    "curl": curl,
    "httpx": httpx,
    "fetch": fetch,
    "Better Auth": better_auth,
}
LANGUAGES = {"curl": "shell", "httpx": "python", "fetch": "javascript", "Better Auth": "typescript"}


def _method_call(path: str, method: str, payload: dict[str, Any]) -> str:
    name = ".".join(map(_camel, path.split("/")))
    # The client sends a POST if there is a body, otherwise a GET.
    if (method == "POST") != bool(payload):
        payload = {**payload, "fetchOptions": {"method": method}}
    return f"authClient.{name}({_object(payload) if payload else ''})"


def _generic(request: SentRequest) -> str:
    """Return a call of the client's $fetch, for paths and bodies without a method."""
    options: dict[str, Any] = {"method": request.method}
    if request.body:
        payload = _json_object(request.body)
        options["body"] = request.body if payload is None else payload
    path = json.dumps("/" + request.path.removeprefix(AUTH))
    return f"authClient.$fetch({path}, {_object(options)})"


def _camel(words: str) -> str:
    first, *rest = words.split("-")
    return first + "".join(each.capitalize() for each in rest)


def _visible_headers(request: SentRequest) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.headers if name.lower() not in _OMITTED]


def _url(request: SentRequest, public_url: str) -> str:
    return f"{public_url}{request.path}"


def _python(value: Any) -> str:
    text = pprint.pformat(value, sort_dicts=False, width=88)
    return text.replace("\n", "\n    ")


def _object(value: Any) -> str:
    """Write a JavaScript object, with keys unquoted where possible."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return _IDENTIFIER.sub(r"\1\2:", text)


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _json_object(text: str) -> dict[str, Any] | None:
    payload = parse_json(text)
    return payload if isinstance(payload, dict) else None
