"""How a capability declares its endpoints, and what a handler may ask for."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from fastapi.params import Query

from backend.storage.acting import Acting
from backend.storage.db import Db
from backend.storage.work import Work
from backend.web.app_context import AppContext
from backend.web.request_context import RequestContext
from backend.web.wire import WireModel

Handler = Callable[..., Any]


@dataclass(frozen=True)
class EdgeDependency:
    """Marks a handler's parameter that is found before the hop, such as the caller's session."""

    find: Callable[[RequestContext, AppContext], Awaitable[Any]]
    acting: Callable[[Any], Acting | None] = lambda _: None
    """In whose name the handler writes, after what was found."""
    refusals: tuple[str, ...] = ()
    """How those are turned away for whom it finds nothing; as in `RouteSpec`."""


@dataclass(frozen=True)
class RouteSpec:
    """One endpoint as its capability wrote it."""

    method: str
    path: str
    handler: Handler
    response_model: Any
    tag: str
    status: int = 200
    """Of the answer when all goes well; this and what follows, to `in_docs`, is for the docs."""
    or_status: int | None = None
    """Of an answer with the same body that says no."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What the answer's headers are for."""
    media_type: str = "application/json"
    redirect: str = ""
    """Where a 302 leads that may come in place of the answer."""
    refusals: tuple[str, ...] = ()
    """Codes, or the message of a 400 that has none; a status stands in front where it is not the
    usual one, and alone where the body is empty. What follows from the parameters, the method and
    the limits is known: a wrong body, no session, a target that is not trusted, a server that is
    away."""
    session_optional: bool = False
    in_docs: bool = True
    hashes: bool = False
    """It checks or sets a password: its callers share the hash queue."""
    downloads: bool = False
    """Its answer grows with what is stored: a stream, one at a time for each user."""
    takes_forms: bool = False
    auth_rules: bool = True
    """As for all endpoints of its `Routes`."""


@dataclass
class Routes:
    """The endpoints of one capability, in the order in which they are written."""

    tag: str
    prefix: str = ""
    about: str = ""
    """What the API docs say above these endpoints."""
    auth_rules: bool = True
    """Whether Better Auth's rules hold: limits by address, Origin checks, its error words."""
    specs: list[RouteSpec] = field(default_factory=list)

    def get(self, path: str, *, head: bool = False, **how: Any) -> Callable[[Handler], Handler]:
        """Declare a GET; see `RouteSpec` for what may be said about it.

        With `head` the same is answered to HEAD, without the body.
        """
        declare_get = self._declare("GET", path, how)
        if not head:
            return declare_get
        declare_head = self._declare("HEAD", path, {**how, "in_docs": False})
        return lambda handler: declare_head(declare_get(handler))

    def post(self, path: str, **how: Any) -> Callable[[Handler], Handler]:
        """Declare a POST; see `RouteSpec` for what may be said about it."""
        return self._declare("POST", path, how)

    def _declare(self, method: str, path: str, how: dict[str, Any]) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            response_model = how.pop("response_model", get_type_hints(handler).get("return"))
            self.specs.append(
                RouteSpec(
                    method,
                    self.prefix + path,
                    handler,
                    response_model,
                    self.tag,
                    auth_rules=self.auth_rules,
                    **how,
                )
            )
            return handler

        return declare


_PER_REQUEST: dict[Any, str] = {Work: "work", Db: "db", RequestContext: "request"}


@dataclass(frozen=True)
class HandlerSignature:
    """What one handler asks for, read from its annotations once in a process."""

    work: str | None = None
    db: str | None = None
    request: str | None = None
    body: tuple[str, type[WireModel], bool] | None = None
    query: tuple[str, type[WireModel]] | None = None
    dependencies: dict[str, EdgeDependency] = field(default_factory=dict)
    services: dict[str, type] = field(default_factory=dict)
    in_path: tuple[str, ...] = ()


@cache  # a handler is the same whichever app serves it, and to read them all takes 20 ms
def signature_of(handler: Handler, path: str) -> HandlerSignature:
    """Read what a handler asks for; raises TypeError where nothing provides it."""
    parts: dict[str, Any] = {"dependencies": {}, "services": {}, "in_path": ()}
    hints = get_type_hints(handler, include_extras=True)
    for name, parameter in inspect.signature(handler).parameters.items():
        hint = hints.get(name)
        kind, marks = _without_marks(hint)
        dependency = next((mark for mark in marks if isinstance(mark, EdgeDependency)), None)
        if dependency:
            parts["dependencies"][name] = dependency
        elif f"{{{name}}}" in path:
            parts["in_path"] += (name,)
        elif hint in _PER_REQUEST:
            parts[_PER_REQUEST[hint]] = name
        elif isinstance(kind, type) and issubclass(kind, WireModel):
            is_query = any(isinstance(mark, Query) for mark in marks)
            optional = parameter.default is not inspect.Parameter.empty
            parts |= {"query": (name, kind)} if is_query else {"body": (name, kind, optional)}
        elif isinstance(kind, type):
            parts["services"][name] = kind
        else:
            raise nothing_provides(handler, name, hint)
    signature = HandlerSignature(**parts)
    _check_database(handler, signature)
    return signature


def nothing_provides(handler: Handler, name: str, hint: Any) -> TypeError:
    """Say which parameter asks for what neither a request nor this server has."""
    return TypeError(f"{handler.__qualname__}({name}): nothing provides {hint!r}")


def _check_database(handler: Handler, signature: HandlerSignature) -> None:
    if signature.work and signature.db:
        raise TypeError(f"{handler.__qualname__} asks for Work and Db: work.db is the one to use")
    if (signature.work or signature.db) and inspect.iscoroutinefunction(handler):
        asked = "Work" if signature.work else "Db"
        raise TypeError(
            f"{handler.__qualname__} is async and asks for {asked}, which would hold up the event "
            "loop: write it with def, and it runs in a worker thread"
        )


def _without_marks(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(hint) is Annotated:
        kind, *marks = get_args(hint)
        return _without_none(kind), tuple(marks)
    return _without_none(hint), ()


def _without_none(hint: Any) -> Any:
    kinds = [each for each in get_args(hint) if each is not type(None)]
    return kinds[0] if len(kinds) == 1 and type(None) in get_args(hint) else hint
