"""The route: checked at the asynchronous edge, done in one hop to a worker thread.

FastAPI runs what follows a dependency's `yield` after the response is sent, which would acknowledge
what is not yet stored. Here the commit is behind us when the first byte leaves.
"""

import asyncio
import contextlib
import inspect
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import structlog
from starlette.types import Receive, Scope, Send

from backend.kernel.refusals import Refusal, service_unavailable
from backend.process.hash_pool import ClientDisconnected
from backend.storage.acting import Acting
from backend.storage.db import Db
from backend.storage.engine import DatabaseConflict, DatabaseUnavailable
from backend.storage.errors import SessionEnded
from backend.storage.work import Work, ask
from backend.web.app_context import AppContext, in_time
from backend.web.edge.client_address import bucket
from backend.web.logs.crash_log import PARSED_BODY, crashed
from backend.web.request_context import RequestContext, departure
from backend.web.responses.responses import Response, StreamingResponse, messages, refused
from backend.web.responses.streaming import pour
from backend.web.routing.bodies import read_body
from backend.web.routing.paths import PathRoute
from backend.web.routing.routes import HandlerSignature, RouteSpec, nothing_provides, signature_of
from backend.web.wire import validate

AUTH = "/api/auth"
_HASH_WITHIN = 30.0  # seconds, the queue for hashing included
_TRIES = 3  # of a transaction that lost against another: it did nothing, so it may run again

log = structlog.get_logger()


class Endpoint(PathRoute):
    """One method of one URL. What the API docs say about it is in `openapi.py`."""

    def __init__(self, spec: RouteSpec, context: AppContext) -> None:
        self.spec = spec
        self._context = context
        self.signature = signature_of(spec.handler, spec.path)
        self._services = _services_for(spec, self.signature, context)
        self._no_query = _without_fields(self.signature)
        self._limited = spec.auth_rules and context.limits.cover(spec.path)
        self._is_async = inspect.iscoroutinefunction(spec.handler)
        super().__init__(spec.path, spec.handler, include_in_schema=spec.in_docs)
        self.app = self._serve
        self.methods = {spec.method}  # Starlette would answer HEAD wherever GET is

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = RequestContext(scope, self._context.addresses)
        try:
            response = await self._respond(request, receive)
            if isinstance(response, StreamingResponse):
                await pour(response, request, self._context.pools, receive, send)
                return
        except Refusal as refusal:
            response = refused(refusal)
        except ClientDisconnected:
            return
        except DatabaseUnavailable as error:
            request_id, path = request.client.request_id, self.spec.path
            log.warning("database_unavailable", reason=str(error), path=path, request_id=request_id)
            response = refused(service_unavailable(retry_after=2))
        except Exception:
            request.cookies.clear()
            response = crashed(scope)
        for message in messages(response, request.cookies):
            await send(message)

    async def _respond(
        self, request: RequestContext, receive: Receive
    ) -> Response | StreamingResponse:
        if self._limited:
            await self._context.limits.check_address(request, self.spec.path)
        said = await read_body(request, receive, self._context, self.spec.takes_forms)
        if said is not ...:
            request.scope[PARSED_BODY] = said
        self._context.origins.check_request(request.method, request.path, request.headers)
        query = _query(request)
        if request.method == "POST":
            self._context.origins.check_targets(
                {**query, **(said if isinstance(said, dict) else {})}
            )
        arguments = self._validated(request, said, query)
        acting = await self._find_edges(request, arguments) if self.signature.dependencies else None
        if self._is_async:
            return _as_answer(await self.spec.handler(**arguments))
        try:
            return await self._hop(request, receive, arguments, acting)
        except SessionEnded:
            return await self._answer_without_session(request, receive, arguments, acting)

    async def _find_edges(
        self, request: RequestContext, arguments: dict[str, Any]
    ) -> Acting | None:
        acting = None
        for name, dependency in self.signature.dependencies.items():
            arguments[name] = await dependency.find(request, self._context)
            acting = dependency.acting(arguments[name]) or acting
        return acting

    async def _answer_without_session(
        self,
        request: RequestContext,
        receive: Receive,
        arguments: dict[str, Any],
        ended: Acting | None,
    ) -> Response | StreamingResponse:
        """Answer whoever was signed in when they asked and is not any more.

        What is remembered of them is wrong, so it is forgotten and the session is looked for anew:
        where one is needed that refuses, as it does for everybody without.
        """
        if ended is not None:
            self._context.runtime.forget_sessions({ended.user_id})
        acting = await self._find_edges(request, arguments)
        try:
            return await self._hop(request, receive, arguments, acting)
        except SessionEnded:
            raise Refusal("UNAUTHORIZED") from None

    def _validated(
        self, request: RequestContext, said: Any, query: dict[str, Any]
    ) -> dict[str, Any]:
        arguments: dict[str, Any] = dict(self._services)
        if self.signature.request:
            arguments[self.signature.request] = request
        arguments |= {name: request.scope["path_params"][name] for name in self.signature.in_path}
        if self.signature.body:
            name, model, optional = self.signature.body
            if not (optional and said is ...):
                arguments[name] = validate(model, said, "body")
        if self.signature.query:
            name, model = self.signature.query
            arguments[name] = (
                validate(model, query, "query")
                if query or self._no_query is None
                else self._no_query
            )
        return arguments

    async def _hop(
        self,
        request: RequestContext,
        receive: Receive,
        arguments: dict[str, Any],
        acting: Acting | None,
    ) -> Response | StreamingResponse:
        def run() -> Response | StreamingResponse:
            return self._perform(request, arguments, acting)

        if self.spec.hashes:
            return await self._hop_to_hash(request, receive, acting, run)
        ask = self._context.pools.ask
        if self.spec.downloads and acting:
            return await self._context.downloads.begin(acting.user_id, lambda: ask(run))
        return await ask(run)

    async def _hop_to_hash(
        self,
        request: RequestContext,
        receive: Receive,
        acting: Acting | None,
        run: Callable[[], Response | StreamingResponse],
    ) -> Response | StreamingResponse:
        if acting:
            await self._context.limits.check_hashing(acting.user_id, self.spec.path)
        pools = self._context.pools
        callers = [bucket(request.client.address), *([str(acting.user_id)] if acting else [])]
        slot = request.client.slot = pools.hash_queue.acquire(*callers)
        job = pools.passwords.submit(run)
        job.add_done_callback(lambda _: pools.hash_queue.release(slot))
        watch = asyncio.create_task(_notice_departure(receive, request))
        try:
            return await in_time(asyncio.wrap_future(job), _HASH_WITHIN)
        finally:
            watch.cancel()

    def _perform(
        self, request: RequestContext, arguments: dict[str, Any], acting: Acting | None
    ) -> Response | StreamingResponse:
        if self.signature.db:
            return self._read(arguments, self.signature.db)
        if not self.signature.work:
            return _as_answer(self.spec.handler(**arguments))
        for left in reversed(range(_TRIES)):
            try:
                with Work(self._context.runtime, request.client, acting) as work:
                    done = self.spec.handler(**arguments, **{self.signature.work: work})
                return _as_answer(done)
            except DatabaseConflict:
                if not left:
                    raise
        raise AssertionError("unreachable")

    def _read(self, arguments: dict[str, Any], db_name: str) -> Response | StreamingResponse:
        def handle(db: Db) -> Response | StreamingResponse:
            return _as_answer(self.spec.handler(**arguments, **{db_name: db}))

        return ask(self._context.runtime.database, handle)


async def _notice_departure(receive: Receive, request: RequestContext) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await departure(receive)
        request.client.disconnected.set()


def _services_for(
    spec: RouteSpec, signature: HandlerSignature, context: AppContext
) -> dict[str, Any]:
    for name, kind in signature.services.items():
        if kind not in context.services:
            raise nothing_provides(spec.handler, name, kind)
    return {name: context.services[kind] for name, kind in signature.services.items()}


def _without_fields(signature: HandlerSignature) -> Any:
    """Return what a request without a query asks for, if that is allowed."""
    if signature.query is None:
        return None
    _, model = signature.query
    return None if any(each.is_required() for each in model.model_fields.values()) else model()


def _as_answer(done: Any) -> Response | StreamingResponse:
    return done if isinstance(done, Response | StreamingResponse) else Response(done)


def _query(request: RequestContext) -> dict[str, Any]:
    raw = request.scope["query_string"]
    if not raw:
        return {}
    try:
        found = parse_qs(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise Refusal("BAD_REQUEST", "The query has too many fields") from None
    return {name: each[0] if len(each) == 1 else each for name, each in found.items()}
