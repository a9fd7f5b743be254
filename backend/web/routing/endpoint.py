"""The route: requests are validated on the event loop and handled in one worker-thread call.

FastAPI runs the code after a dependency's `yield` once the response has been sent, which would
acknowledge changes before they are stored. Here the transaction is committed before the first byte
of the response is sent.
"""

import asyncio
import contextlib
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import structlog
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from backend.kernel.refusals import Refusal, service_unavailable
from backend.process.hash_pool import ClientDisconnected
from backend.storage.acting_session import ActingSession
from backend.storage.db import Db
from backend.storage.engine import DatabaseConflict, DatabaseUnavailable
from backend.storage.errors import SessionEnded
from backend.storage.work import Work, run_query
from backend.web.app_context import AppContext, with_timeout
from backend.web.edge.client_address import bucket
from backend.web.logs.crash_log import PARSED_BODY, log_crash
from backend.web.request_context import CAPTCHA_HEADER, RequestContext, wait_for_disconnect
from backend.web.responses.responses import (
    Response,
    StreamingResponse,
    refusal_response,
    to_asgi_messages,
)
from backend.web.responses.streaming import send_stream
from backend.web.routing.bodies import read_body
from backend.web.routing.paths import PathRoute
from backend.web.routing.routes import (
    HandlerSignature,
    RouteSpec,
    signature_of,
    unresolved_parameter_error,
)
from backend.web.wire import validate

AUTH = "/api/auth"
_HASH_TIMEOUT = 30.0  # seconds, the queue for hashing included
_MAX_ATTEMPTS = 3  # a transaction that lost a conflict was rolled back, so it can run again

log = structlog.get_logger()


class Endpoint(PathRoute):
    """One method of one path. `openapi.py` describes it for the API docs."""

    def __init__(self, spec: RouteSpec, context: AppContext) -> None:
        needs_captcha = context.captcha.protects(spec.path.removeprefix(AUTH))
        spec = self.spec = replace(spec, needs_captcha=True) if needs_captcha else spec
        self._context = context
        self.signature = signature_of(spec.handler, spec.path)
        self._services = _find_services(spec, self.signature, context)
        self._no_query = _default_query(self.signature)
        self._limited = spec.auth_rules and context.limits.is_limited(spec.path)
        self._is_guarded = self._limited or spec.needs_captcha
        self._is_async = inspect.iscoroutinefunction(spec.handler)
        super().__init__(spec.path, spec.handler, include_in_schema=spec.in_docs)
        self.app = self._serve
        self.methods = {spec.method}  # Starlette would answer HEAD wherever GET is

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = RequestContext(scope, self._context.addresses)
        try:
            response = await self._respond(request, receive)
            if isinstance(response, StreamingResponse):
                await send_stream(response, request, self._context.pools, receive, send)
                return
        except Refusal as refusal:
            response = refusal_response(refusal)
        except ClientDisconnected:
            return
        except DatabaseUnavailable as error:
            request_id, path = request.client.request_id, self.spec.path
            log.warning("database_unavailable", reason=str(error), path=path, request_id=request_id)
            response = refusal_response(service_unavailable(retry_after=2))
        except Exception:
            request.cookies.clear()
            response = log_crash(scope)
        for message in to_asgi_messages(response, request.cookies):
            await send(message)

    async def _respond(
        self, request: RequestContext, receive: Receive
    ) -> Response | StreamingResponse:
        if self._is_guarded:
            await self._pass_guards(request)
        body = await read_body(request, receive, self._context, self.spec.takes_forms)
        if body is not ...:
            request.scope[PARSED_BODY] = body
        if not self.spec.takes_cross_site_forms:
            self._context.origins.check_request(request.method, request.path, request.headers)
        query = _parse_query(request)
        if request.method == "POST":
            self._context.origins.check_targets(
                {**query, **(body if isinstance(body, dict) else {})}
            )
        arguments = self._build_arguments(request, body, query)
        acting = None
        if self.signature.dependencies:
            acting = await self._resolve_dependencies(request, arguments)
        if self._is_async:
            return _to_response(await self.spec.handler(**arguments))
        try:
            return await self._run_in_worker(request, receive, arguments, acting)
        except SessionEnded:
            return await self._retry_without_session(request, receive, arguments, acting)

    async def _pass_guards(self, request: RequestContext) -> None:
        """Count the call, and check its captcha's token, before the body is read."""
        if self._limited:
            await self._context.limits.check_address(request, self.spec.path)
        if self.spec.needs_captcha and not request.is_from_panel:
            token = request.headers.get(CAPTCHA_HEADER, b"").decode("latin-1")
            await self._context.captcha.check(token, request.client.address)

    async def _resolve_dependencies(
        self, request: RequestContext, arguments: dict[str, Any]
    ) -> ActingSession | None:
        acting = None
        for name, dependency in self.signature.dependencies.items():
            arguments[name] = await dependency.resolve(request, self._context)
            acting = dependency.acting(arguments[name]) or acting
        return acting

    async def _retry_without_session(
        self,
        request: RequestContext,
        receive: Receive,
        arguments: dict[str, Any],
        ended: ActingSession | None,
    ) -> Response | StreamingResponse:
        """Handle a request whose session ended after it was read from the cache.

        Evicts the user's cached sessions and resolves the dependencies again: an endpoint that
        requires a session refuses, one that does not runs without it.
        """
        if ended is not None:
            self._context.runtime.forget_sessions({ended.user_id})
        acting = await self._resolve_dependencies(request, arguments)
        try:
            return await self._run_in_worker(request, receive, arguments, acting)
        except SessionEnded:
            raise Refusal("UNAUTHORIZED") from None

    def _build_arguments(
        self, request: RequestContext, body: Any, query: dict[str, Any]
    ) -> dict[str, Any]:
        arguments: dict[str, Any] = dict(self._services)
        if self.signature.request:
            arguments[self.signature.request] = request
        arguments |= {name: request.scope["path_params"][name] for name in self.signature.in_path}
        if self.signature.body:
            name, model, optional = self.signature.body
            if not (optional and body is ...):
                arguments[name] = validate(model, body, "body")
        if self.signature.query:
            name, model = self.signature.query
            is_default = not query and self._no_query is not None
            arguments[name] = self._no_query if is_default else validate(model, query, "query")
        return arguments

    async def _run_in_worker(
        self,
        request: RequestContext,
        receive: Receive,
        arguments: dict[str, Any],
        acting: ActingSession | None,
    ) -> Response | StreamingResponse:
        def run() -> Response | StreamingResponse:
            return self._call_handler(request, arguments, acting)

        if self.spec.hashes:
            return await self._run_with_hash_slot(request, receive, acting, run)
        pools = self._context.pools
        if self.spec.asks_provider:
            return await pools.run_with_provider(run)
        if self.spec.downloads and acting:
            return await self._context.downloads.start(acting.user_id, lambda: pools.run(run))
        return await pools.run(run)

    async def _run_with_hash_slot(
        self,
        request: RequestContext,
        receive: Receive,
        acting: ActingSession | None,
        run: Callable[[], Response | StreamingResponse],
    ) -> Response | StreamingResponse:
        if acting:
            await self._context.limits.check_hashing(acting.user_id, self.spec.path)
        pools = self._context.pools
        callers = [bucket(request.client.address), *([str(acting.user_id)] if acting else [])]
        slot = request.client.slot = pools.hash_queue.acquire(*callers)
        job = pools.passwords.submit(run)
        job.add_done_callback(lambda _: pools.hash_queue.release(slot))
        watch = asyncio.create_task(_watch_for_disconnect(receive, request))
        try:
            return await with_timeout(asyncio.wrap_future(job), _HASH_TIMEOUT)
        finally:
            watch.cancel()

    def _call_handler(
        self, request: RequestContext, arguments: dict[str, Any], acting: ActingSession | None
    ) -> Response | StreamingResponse:
        if self.signature.db:
            return self._call_with_db(arguments, self.signature.db)
        if not self.signature.work:
            return _to_response(self.spec.handler(**arguments))
        for attempts_left in reversed(range(_MAX_ATTEMPTS)):
            try:
                with Work(self._context.runtime, request.client, acting) as work:
                    result = self.spec.handler(**arguments, **{self.signature.work: work})
                return _to_response(result)
            except DatabaseConflict:
                if not attempts_left:
                    raise
        raise AssertionError("unreachable")

    def _call_with_db(
        self, arguments: dict[str, Any], db_name: str
    ) -> Response | StreamingResponse:
        def handle(db: Db) -> Response | StreamingResponse:
            return _to_response(self.spec.handler(**arguments, **{db_name: db}))

        return run_query(self._context.runtime.database, handle)


async def _watch_for_disconnect(receive: Receive, request: RequestContext) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await wait_for_disconnect(receive)
        request.client.disconnected.set()


def _find_services(
    spec: RouteSpec, signature: HandlerSignature, context: AppContext
) -> dict[str, Any]:
    for name, kind in signature.services.items():
        if kind not in context.services:
            raise unresolved_parameter_error(spec.handler, name, kind)
    return {name: context.services[kind] for name, kind in signature.services.items()}


def _default_query(signature: HandlerSignature) -> Any:
    """Return the query of a request without a query string, or None if there has to be one."""
    if signature.query is None:
        return None
    _, model = signature.query
    try:
        return model()
    except ValidationError:
        return None


def _to_response(result: Any) -> Response | StreamingResponse:
    return result if isinstance(result, Response | StreamingResponse) else Response(result)


def _parse_query(request: RequestContext) -> dict[str, Any]:
    raw = request.scope["query_string"]
    if not raw:
        return {}
    try:
        values = parse_qs(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise Refusal("BAD_REQUEST", "The query has too many fields") from None
    return {name: each[0] if len(each) == 1 else each for name, each in values.items()}
