"""What the API docs say about an endpoint, beyond its parameters."""

import inspect
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from fastapi import responses
from pydantic import BaseModel, ValidationError

from backend.kernel.refusals import CODES, too_many_requests
from backend.web.edge.origins import TARGETS
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
_WITH_STATUS = re.compile(r"(\d{3})(?: (.+))?")
_EXAMPLES = {"VALIDATION_ERROR": "[body.email] Invalid email address"}
_EMPTY = "an empty body"
_ANYTHING_ELSE = {
    "model": Problem,
    "description": "Anything else that goes wrong.",
    "content": {
        "application/json": {
            "example": {"message": "Internal Server Error", "code": "INTERNAL_SERVER_ERROR"}
        }
    },
}


def describe_operation(spec: RouteSpec, signature: HandlerSignature) -> dict[str, Any]:
    """Return what FastAPI's route wants to know to describe this endpoint."""
    text = inspect.getdoc(spec.handler) or ""
    refused = _refusals(spec, signature)
    always_refuses = spec.response_model is NoReturn
    status = min(refused) if always_refuses else spec.status
    response_model = refused if always_refuses else {status: _success(spec), **refused}
    return {
        "status_code": status,
        "response_model": None if always_refuses else _model(spec.response_model),
        "response_class": _response_class(spec.response_model),
        # Named here, it also keeps FastAPI from promising its own 422 for a body that is wrong.
        "responses": {**dict(sorted(response_model.items())), "default": _ANYTHING_ELSE},
        "summary": text.partition("\n")[0].partition(". ")[0].rstrip("."),
        "description": text,
        "openapi_extra": _extra(spec, signature),
        "include_in_schema": spec.in_docs,
    }


def _refusals(spec: RouteSpec, signature: HandlerSignature) -> dict[int, dict[str, Any]]:
    refused = _by_status(_codes(spec, signature))
    if spec.redirect:
        onward = _headers(location=spec.redirect)
        refused[302] = {"description": "Sends the browser on.", **onward}
    if spec.or_status is not None:
        refused[spec.or_status] = {"model": spec.response_model, "description": "Not so."}
    if spec.auth_rules or signature.dependencies:
        refused[429] = _too_many()
    if 503 in refused and spec.or_status != 503:
        refused[503] |= _when_again("retry-after")
    return refused


def _codes(spec: RouteSpec, signature: HandlerSignature) -> list[str]:
    codes = (
        ["VALIDATION_ERROR"]
        if signature.body or (signature.query and _refuses(signature.query[1]))
        else []
    )
    for dependency in signature.dependencies.values():
        codes += dependency.refusals
    codes += spec.refusals
    codes += [
        TARGETS[name] for model in _taken(signature) for name in _names(model) if name in TARGETS
    ]
    if spec.method == "POST":
        codes += _EVERY_POST
    if spec.auth_rules or signature.dependencies or signature.work or signature.db:
        codes.append("SERVICE_UNAVAILABLE")
    return list(dict.fromkeys(codes))


def _taken(signature: HandlerSignature) -> list[type[WireModel]]:
    return [each[1] for each in (signature.body, signature.query) if each]


def _names(model: type[WireModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _refuses(query: type[WireModel]) -> bool:
    """Tell whether there is a query that does not fit: the worst says everything twice."""
    try:
        query.model_validate({name: ["", ""] for name in _names(query)}, by_name=False)
    except ValidationError:
        return True
    return False


def _by_status(codes: list[str]) -> dict[int, dict[str, Any]]:
    by_status: dict[int, dict[str, Any]] = {}
    for said in codes:
        status, code = _status_and_code(said)
        response = by_status.setdefault(status, {"description": ""})
        response["description"] += f"{' · ' if response['description'] else ''}{code or _EMPTY}"
        if code:
            response |= {"model": Problem}
            content = response.setdefault("content", {"application/json": {"examples": {}}})
            content["application/json"]["examples"][code] = {"value": _problem(code)}
    return by_status


def _status_and_code(said: str) -> tuple[int, str]:
    found = _WITH_STATUS.fullmatch(said)
    if found:
        return int(found[1]), found[2] or ""
    return CODES[said][0] if said in CODES else 400, said


def _problem(code: str) -> Mapping[str, str]:
    if code not in CODES:  # a message that Better Auth gives no code
        return {"message": code}
    return {"message": _EXAMPLES.get(code, CODES[code][1]), "code": code}


def _too_many() -> dict[str, Any]:
    refusal = too_many_requests(7)
    return {
        **_response({"429": {"value": {"message": refusal.message}}}),
        "description": refusal.message,
        **_when_again(*refusal.headers),
    }


def _when_again(*names: str) -> dict[str, Any]:
    said = {"description": "In how many seconds to try again.", "schema": {"type": "integer"}}
    return {"headers": dict.fromkeys(names, said)}


def _response(examples: dict[str, Any]) -> dict[str, Any]:
    return {"model": Problem, "content": {"application/json": {"examples": examples}}}


def _success(spec: RouteSpec) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if _own(spec.response_model):
        said["description"] = inspect.getdoc(spec.response_model) or ""
    if spec.media_type != "application/json":
        is_text = spec.media_type.startswith("text/")
        schema = {"type": "string"} if is_text else {"type": "string", "format": "binary"}
        said["content"] = {spec.media_type: {"schema": schema}}
    return {"description": "Done", **said, **_headers(**spec.headers)}


def _headers(**texts: str) -> dict[str, Any]:
    return {
        "headers": {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in texts.items()
        }
    }


def _own(response_model: Any) -> bool:
    return inspect.isclass(response_model) and issubclass(response_model, BaseModel)


def _is_json(response_model: Any) -> bool:
    return response_model not in (Response, StreamingResponse)


def _response_class(response_model: Any) -> type[responses.Response]:
    return responses.JSONResponse if _is_json(response_model) else responses.Response


def _model(response_model: Any) -> Any:
    return response_model if _is_json(response_model) else None


def _extra(spec: RouteSpec, signature: HandlerSignature) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if spec.takes_forms and signature.body:
        schema = {"$ref": f"#/components/schemas/{signature.body[1].__name__}"}
        extra["requestBody"] = {"content": {_FORM: {"schema": schema}}}
    if spec.session_optional:
        # Where an edge looks for the session, FastAPI names the ways to show one.
        extra["security"] = [{}] if signature.dependencies else [{}, {"cookie": []}, {"bearer": []}]
    return extra
