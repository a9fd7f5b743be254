"""Describes an endpoint for the API docs, beyond its parameters."""

import inspect
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from fastapi import responses
from pydantic import BaseModel, ValidationError

from backend.kernel.refusals import CODES, too_many_requests
from backend.web.edge.origins import TARGET_FIELDS
from backend.web.responses.responses import Response, StreamingResponse
from backend.web.routing.routes import HandlerSignature, RouteSpec
from backend.web.wire import Problem, WireModel

_FORM = "application/x-www-form-urlencoded"
_EVERY_POST = (
    "BAD_REQUEST",
    "INVALID_ORIGIN",
    "MISSING_OR_NULL_ORIGIN",
    "PAYLOAD_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
)
_CAPTCHA_REFUSALS = ("MISSING_RESPONSE", "VERIFICATION_FAILED", "UNKNOWN_ERROR")
_CAPTCHA_PARAMETER = {
    "name": "x-captcha-response",
    "in": "header",
    "required": True,
    "description": "The token that the captcha's widget yields; it counts once.",
    "schema": {"type": "string"},
}
_STATUS_AND_CODE = re.compile(r"(\d{3})(?: (.+))?")
_EXAMPLES = {"VALIDATION_ERROR": "[body.email] Invalid email address"}
_EMPTY = "an empty body"
_DEFAULT_RESPONSE = {
    "model": Problem,
    "description": "Any other error.",
    "content": {
        "application/json": {
            "example": {"message": "Internal Server Error", "code": "INTERNAL_SERVER_ERROR"}
        }
    },
}


def describe_operation(spec: RouteSpec, signature: HandlerSignature) -> dict[str, Any]:
    """Return the arguments with which FastAPI's route describes this endpoint."""
    text = inspect.getdoc(spec.handler) or ""
    summary = text.partition("\n")[0].partition(". ")[0].rstrip(".")
    refusals = _refusals(spec, signature)
    always_refuses = spec.response_model is NoReturn
    status = min(refusals) if always_refuses else spec.status
    responses = refusals if always_refuses else {status: _success_response(spec), **refusals}
    return {
        "status_code": status,
        "response_model": None if always_refuses else _response_model(spec.response_model),
        "response_class": _response_class(spec.response_model),
        # The default also keeps FastAPI from adding its own 422 for an invalid body.
        "responses": {**dict(sorted(responses.items())), "default": _DEFAULT_RESPONSE},
        "summary": summary,
        # Readers show it below the summary. FastAPI takes the docstring for an empty one, and
        # leaves out what follows a form feed.
        "description": text.removeprefix(summary).removeprefix(".").lstrip() or "\f",
        "openapi_extra": _extra(spec, signature),
        "include_in_schema": spec.in_docs,
    }


def _refusals(spec: RouteSpec, signature: HandlerSignature) -> dict[int, dict[str, Any]]:
    refusals = _group_by_status(_refusal_codes(spec, signature))
    if spec.redirect:
        headers = _headers(location=spec.redirect)
        refusals[302] = {"description": "Redirects the browser.", **headers}
    if spec.or_status is not None:
        refusals[spec.or_status] = {
            "model": spec.response_model,
            "description": "Unavailable.",
        }
    if spec.auth_rules or signature.dependencies:
        refusals[429] = _too_many_requests()
    if 503 in refusals and spec.or_status != 503:
        refusals[503] |= _retry_headers("retry-after")
    return refusals


def _refusal_codes(spec: RouteSpec, signature: HandlerSignature) -> list[str]:
    is_validated = signature.body or (signature.query and _can_be_invalid(signature.query[1]))
    codes = ["VALIDATION_ERROR"] if is_validated else []
    for dependency in signature.dependencies.values():
        codes += dependency.refusals
    codes += spec.refusals
    codes += _CAPTCHA_REFUSALS if spec.needs_captcha else ()
    codes += [
        TARGET_FIELDS[name]
        for model in (part[1] for part in (signature.body, signature.query) if part)
        for name in _field_names(model)
        if name in TARGET_FIELDS
    ]
    if spec.method == "POST":
        codes += _EVERY_POST
    if spec.auth_rules or signature.dependencies or signature.work or signature.db:
        codes.append("SERVICE_UNAVAILABLE")
    return list(dict.fromkeys(codes))


def _field_names(model: type[WireModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _can_be_invalid(query: type[WireModel]) -> bool:
    """Tell whether any query is invalid: one with every field twice is the most likely."""
    try:
        query.model_validate({name: ["", ""] for name in _field_names(query)}, by_name=False)
    except ValidationError:
        return True
    return False


def _group_by_status(codes: list[str]) -> dict[int, dict[str, Any]]:
    by_status: dict[int, dict[str, Any]] = {}
    for entry in codes:
        status, code = _parse_entry(entry)
        response = by_status.setdefault(status, {"description": ""})
        response["description"] += f"{' · ' if response['description'] else ''}{code or _EMPTY}"
        if code:
            response |= {"model": Problem}
            content = response.setdefault("content", {"application/json": {"examples": {}}})
            content["application/json"]["examples"][code] = {"value": _example(code)}
    return by_status


def _parse_entry(entry: str) -> tuple[int, str]:
    match = _STATUS_AND_CODE.fullmatch(entry)
    if match:
        return int(match[1]), match[2] or ""
    return CODES[entry][0] if entry in CODES else 400, entry


def _example(code: str) -> Mapping[str, str]:
    if code not in CODES:  # a message that Better Auth gives no code
        return {"message": code}
    return {"message": _EXAMPLES.get(code, CODES[code][1]), "code": code}


def _too_many_requests() -> dict[str, Any]:
    refusal = too_many_requests(7)
    return {
        **_response({"429": {"value": {"message": refusal.message}}}),
        "description": refusal.message,
        **_retry_headers(*refusal.headers),
    }


def _retry_headers(*names: str) -> dict[str, Any]:
    header = {"description": "In how many seconds to try again.", "schema": {"type": "integer"}}
    return {"headers": dict.fromkeys(names, header)}


def _response(examples: dict[str, Any]) -> dict[str, Any]:
    return {"model": Problem, "content": {"application/json": {"examples": examples}}}


def _success_response(spec: RouteSpec) -> dict[str, Any]:
    response: dict[str, Any] = {}
    if _is_model(spec.response_model):
        response["description"] = inspect.getdoc(spec.response_model) or ""
    if spec.media_type != "application/json":
        is_text = spec.media_type.startswith("text/")
        schema = {"type": "string"} if is_text else {"type": "string", "format": "binary"}
        response["content"] = {spec.media_type: {"schema": schema}}
    return {"description": "Success", **response, **_headers(**spec.headers)}


def _headers(**texts: str) -> dict[str, Any]:
    return {
        "headers": {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in texts.items()
        }
    }


def _is_model(response_model: Any) -> bool:
    return inspect.isclass(response_model) and issubclass(response_model, BaseModel)


def _is_json(response_model: Any) -> bool:
    return response_model not in (Response, StreamingResponse)


def _response_class(response_model: Any) -> type[responses.Response]:
    return responses.JSONResponse if _is_json(response_model) else responses.Response


def _response_model(response_model: Any) -> Any:
    return response_model if _is_json(response_model) else None


def _extra(spec: RouteSpec, signature: HandlerSignature) -> dict[str, Any]:
    extra: dict[str, Any] = {"parameters": [_CAPTCHA_PARAMETER]} if spec.needs_captcha else {}
    if spec.takes_forms and signature.body:
        schema = {"$ref": f"#/components/schemas/{signature.body[1].__name__}"}
        extra["requestBody"] = {"content": {_FORM: {"schema": schema}}}
    if spec.session_optional:
        # If a dependency reads the session, FastAPI adds the schemes itself.
        extra["security"] = [{}] if signature.dependencies else [{}, {"cookie": []}, {"bearer": []}]
    return extra
