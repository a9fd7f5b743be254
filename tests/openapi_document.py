"""The OpenAPI document of a server, and a check of its responses against it."""

import re
from typing import Any
from urllib.parse import urlsplit

from tests.in_process import Gatehouse

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


class Document:
    """The OpenAPI document, and a check of responses against it."""

    def __init__(self, gatehouse: Gatehouse) -> None:
        self.openapi: dict[str, Any] = gatehouse.app.openapi()
        self.checked: set[tuple[str, str]] = set()

    def find_operation(self, method: str, path: str) -> tuple[str, Any]:
        """The template of a path, and its operation in the document."""
        for template, methods in self.openapi["paths"].items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", template)
            if method.lower() in methods and re.fullmatch(pattern, path):
                return template, methods[method.lower()]
        raise AssertionError(f"{method} {path} is not described")

    def check(self, answer: Any) -> None:
        """Assert that the document describes this response."""
        request = answer.request
        template, operation = self.find_operation(request.method, urlsplit(str(request.url)).path)
        label = f"{request.method} {template} {answer.status_code} {answer.text[:200]}"
        self.checked.add((request.method, template))
        assert str(answer.status_code) in operation["responses"], label
        response = operation["responses"][str(answer.status_code)]
        for name in response.get("headers", {}):
            if answer.status_code in {302, 429, 503}:
                assert name in answer.headers, label
        if not answer.content:
            assert "content" not in response or "an empty body" in response["description"], label
            return
        (media,) = response["content"]
        assert answer.headers["content-type"].partition(";")[0] == media, label
        if media == "application/json":
            problem = self.find_problem(answer.json(), response["content"][media]["schema"])
            assert not problem, f"{label}: {problem}"
            if answer.is_error and "code" in answer.json():
                assert answer.json()["code"] in response["content"][media]["examples"], label

    def find_problem(self, value: Any, schema: Any, at: str = "$") -> str:
        """What is wrong with a value, or nothing; covers the parts of JSON Schema that we use."""
        if "$ref" in schema:
            return self.find_problem(value, self.find_schema(schema["$ref"]), at)
        if "anyOf" in schema:
            problems = [self.find_problem(value, each, at) for each in schema["anyOf"]]
            return "" if "" in problems else " and ".join(problems)
        if "type" in schema:
            expected = TYPES[schema["type"]]
            mixed = isinstance(value, bool) and schema["type"] in {"integer", "number"}
            if mixed or not isinstance(value, expected):
                return f"{at} is {value!r}, not {schema['type']}"
        if "enum" in schema and value not in schema["enum"]:
            return f"{at} is {value!r}, not one of {schema['enum']}"
        if schema.get("format") == "date-time" and not DATE.fullmatch(value):
            return f"{at} is {value!r}, no date"
        return self._find_inner_problem(value, schema, at)

    def _find_inner_problem(self, value: Any, schema: Any, at: str) -> str:
        if isinstance(value, list):
            inner = [(each, schema.get("items", {}), "[]") for each in value]
        elif isinstance(value, dict) and "properties" in schema:
            fields = schema["properties"]
            missing = set(schema.get("required", [])) - value.keys()
            unknown = value.keys() - fields.keys()
            if missing or unknown:
                return f"{at} lacks {missing}, has {unknown} beside what is described"
            inner = [(each, fields[name], f".{name}") for name, each in value.items()]
        else:
            inner = []
        problems = (self.find_problem(each, expected, at + step) for each, expected, step in inner)
        return next((problem for problem in problems if problem), "")

    def find_schema(self, reference: str) -> Any:
        return self.openapi["components"]["schemas"][reference.rpartition("/")[2]]
