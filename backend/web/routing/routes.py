"""How a feature declares its endpoints, and which parameters a handler can have."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from fastapi.params import Query

from backend.kernel.settings import Settings
from backend.storage.acting_session import ActingSession
from backend.storage.db import Db
from backend.storage.work import Work
from backend.web.app_context import AppContext
from backend.web.request_context import RequestContext
from backend.web.wire import WireModel

Handler = Callable[..., Any]


@dataclass(frozen=True)
class EdgeDependency:
    """Marks a handler's parameter that is resolved on the event loop, such as the session."""

    resolve: Callable[[RequestContext, AppContext], Awaitable[Any]]
    acting: Callable[[Any], ActingSession | None] = lambda _: None
    """Returns on whose behalf the handler writes, given the resolved value."""
    refusals: tuple[str, ...] = ()
    """How requests are refused if it cannot be resolved; as in `RouteSpec`."""


@dataclass(frozen=True)
class RouteSpec:
    """One endpoint as its feature declares it."""

    method: str
    path: str
    handler: Handler
    response_model: Any
    tag: str
    status: int = 200
    """Of a successful response. This and the fields down to `in_docs` are for the API docs."""
    or_status: int | None = None
    """Of a negative response with the same body."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What the response's headers mean."""
    media_type: str = "application/json"
    redirect: str = ""
    """Target of a 302 that may be sent instead."""
    refusals: tuple[str, ...] = ()
    """Codes, or the message of a 400 without a code. An unusual status is written in front, and
    alone if the body is empty. Refusals that follow from the parameters, the method and the limits
    are added automatically: an invalid body, a missing session, an untrusted target, an unavailable
    server."""
    session_optional: bool = False
    in_docs: bool = True
    hashes: bool = False
    """Checks or sets a password, so its callers wait in the hash queue."""
    downloads: bool = False
    """Streams a response that grows with the stored data; one at a time for each user."""
    asks_provider: bool = False
    """Waits for somebody else's server, in threads of its own."""
    takes_forms: bool = False
    takes_cross_site_forms: bool = False
    """Other sites may send their visitors' browsers here with a form; needs a check of its own."""
    needs_captcha: bool = False
    """Set where the settings name a captcha's provider that protects it."""
    auth_rules: bool = True
    """See `Routes`."""


@dataclass
class Routes:
    """The endpoints of one feature, in the order of their declaration."""

    tag: str
    prefix: str = ""
    about: str = ""
    """Introduces these endpoints in the API docs."""
    auth_rules: bool = True
    """Whether Better Auth's rules apply: limits by address, Origin checks, its error messages."""
    enabled: Callable[[Settings], bool] = lambda _: True
    """Whether these endpoints exist with these settings: `lambda settings: settings.username`.

    Otherwise their paths are unknown ones, and the API docs do not have them."""
    specs: list[RouteSpec] = field(default_factory=list)

    def get(self, path: str, *, head: bool = False, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a GET endpoint; `options` are fields of `RouteSpec`.

        With `head` it also serves HEAD, without the body.
        """
        declare_get = self._declare("GET", path, options)
        if not head:
            return declare_get
        declare_head = self.head(path, **options)
        return lambda handler: declare_head(declare_get(handler))

    def head(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a HEAD endpoint, which the docs do not have."""
        return self._declare("HEAD", path, {**options, "in_docs": False})

    def post(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a POST endpoint; `options` are fields of `RouteSpec`."""
        return self._declare("POST", path, options)

    def _declare(
        self, method: str, path: str, options: dict[str, Any]
    ) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            response_model = options.pop("response_model", get_type_hints(handler).get("return"))
            self.specs.append(
                RouteSpec(
                    method,
                    self.prefix + path,
                    handler,
                    response_model,
                    self.tag,
                    auth_rules=self.auth_rules,
                    **options,
                )
            )
            return handler

        return declare


_REQUEST_SCOPED: dict[Any, str] = {Work: "work", Db: "db", RequestContext: "request"}


@dataclass(frozen=True)
class HandlerSignature:
    """A handler's parameters, read from its annotations once in a process."""

    work: str | None = None
    db: str | None = None
    request: str | None = None
    body: tuple[str, type[WireModel], bool] | None = None
    query: tuple[str, type[WireModel]] | None = None
    dependencies: dict[str, EdgeDependency] = field(default_factory=dict)
    services: dict[str, type] = field(default_factory=dict)
    in_path: tuple[str, ...] = ()


@cache  # handlers are the same in every app, and reading all of them takes 20 ms
def signature_of(handler: Handler, path: str) -> HandlerSignature:
    """Read a handler's parameters; raises TypeError for one that nothing provides."""
    parts: dict[str, Any] = {"dependencies": {}, "services": {}, "in_path": ()}
    hints = get_type_hints(handler, include_extras=True)
    for name, parameter in inspect.signature(handler).parameters.items():
        hint = hints.get(name)
        kind, marks = _split_annotation(hint)
        dependency = next((mark for mark in marks if isinstance(mark, EdgeDependency)), None)
        if dependency:
            parts["dependencies"][name] = dependency
        elif f"{{{name}}}" in path:
            parts["in_path"] += (name,)
        elif hint in _REQUEST_SCOPED:
            parts[_REQUEST_SCOPED[hint]] = name
        elif isinstance(kind, type) and issubclass(kind, WireModel):
            is_query = any(isinstance(mark, Query) for mark in marks)
            optional = parameter.default is not inspect.Parameter.empty
            parts |= {"query": (name, kind)} if is_query else {"body": (name, kind, optional)}
        elif isinstance(kind, type):
            parts["services"][name] = kind
        else:
            raise unresolved_parameter_error(handler, name, hint)
    signature = HandlerSignature(**parts)
    _check_database(handler, signature)
    return signature


def unresolved_parameter_error(handler: Handler, name: str, hint: Any) -> TypeError:
    """Name the parameter that neither the request nor the server's services can provide."""
    return TypeError(f"{handler.__qualname__}({name}): nothing provides {hint!r}")


def _check_database(handler: Handler, signature: HandlerSignature) -> None:
    if signature.work and signature.db:
        raise TypeError(f"{handler.__qualname__} asks for Work and Db: work.db is the one to use")
    if (signature.work or signature.db) and inspect.iscoroutinefunction(handler):
        parameter = "Work" if signature.work else "Db"
        raise TypeError(
            f"{handler.__qualname__} is async and asks for {parameter}, which would hold up the "
            "event loop: write it with def, and it runs in a worker thread"
        )


def _split_annotation(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(hint) is Annotated:
        kind, *marks = get_args(hint)
        return _strip_optional(kind), tuple(marks)
    return _strip_optional(hint), ()


def _strip_optional(hint: Any) -> Any:
    kinds = [each for each in get_args(hint) if each is not type(None)]
    return kinds[0] if len(kinds) == 1 and type(None) in get_args(hint) else hint
