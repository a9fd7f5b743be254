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

from backend.kernel.refusals import Refusal, unavailable
from backend.process.hash_pool import CallerGone
from backend.storage.acting import Acting
from backend.storage.db import Db
from backend.storage.engine import DatabaseConflict, DatabaseUnavailable
from backend.storage.errors import SessionEnded
from backend.storage.work import Work, ask
from backend.web.app_context import House, in_time
from backend.web.edge.client_address import bucket
from backend.web.logs.crash_log import PARSED_BODY, crashed
from backend.web.request_context import Visit, departure
from backend.web.responses.responses import Answer, Stream, messages, refused
from backend.web.responses.streaming import pour
from backend.web.routing.bodies import read_body
from backend.web.routing.paths import PathRoute
from backend.web.routing.routes import Declared, Plan, nothing_provides, plan_for
from backend.web.wire import validate

AUTH = "/api/auth"
_HASH_WITHIN = 30.0  # seconds, the queue for hashing included
_TRIES = 3  # of a transaction that lost against another: it did nothing, so it may run again

log = structlog.get_logger()


class Endpoint(PathRoute):
    """One method of one URL. What the API docs say about it is in `openapi.py`."""

    def __init__(self, declared: Declared, house: House) -> None:
        self.declared = declared
        self._house = house
        self.plan = plan_for(declared.handler, declared.path)
        self._services = _services_for(declared, self.plan, house)
        self._no_query = _without_fields(self.plan)
        self._limited = declared.auth_rules and house.limits.cover(declared.path)
        self._is_async = inspect.iscoroutinefunction(declared.handler)
        super().__init__(declared.path, declared.handler, include_in_schema=declared.in_docs)
        self.app = self._serve
        self.methods = {declared.method}  # Starlette would answer HEAD wherever GET is

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = Visit(scope, self._house.addresses)
        try:
            answer = await self._answer(visit, receive)
            if isinstance(answer, Stream):
                await pour(answer, visit, self._house.pools, receive, send)
                return
        except Refusal as refusal:
            answer = refused(refusal)
        except CallerGone:
            return
        except DatabaseUnavailable as error:
            request_id, path = visit.client.request_id, self.declared.path
            log.warning("database_unavailable", reason=str(error), path=path, request_id=request_id)
            answer = refused(unavailable(retry_after=2))
        except Exception:
            visit.cookies.clear()
            answer = crashed(scope)
        for message in messages(answer, visit.cookies):
            await send(message)

    async def _answer(self, visit: Visit, receive: Receive) -> Answer | Stream:
        if self._limited:
            await self._house.limits.check_address(visit, self.declared.path)
        said = await read_body(visit, receive, self._house, self.declared.takes_forms)
        if said is not ...:
            visit.scope[PARSED_BODY] = said
        self._house.origins.check_request(visit.method, visit.path, visit.headers)
        query = _query(visit)
        if visit.method == "POST":
            self._house.origins.check_targets({**query, **(said if isinstance(said, dict) else {})})
        arguments = self._validated(visit, said, query)
        acting = await self._find_edges(visit, arguments) if self.plan.edges else None
        if self._is_async:
            return _as_answer(await self.declared.handler(**arguments))
        try:
            return await self._hop(visit, receive, arguments, acting)
        except SessionEnded:
            return await self._answer_without_session(visit, receive, arguments, acting)

    async def _find_edges(self, visit: Visit, arguments: dict[str, Any]) -> Acting | None:
        acting = None
        for name, edge in self.plan.edges.items():
            arguments[name] = await edge.find(visit, self._house)
            acting = edge.acting(arguments[name]) or acting
        return acting

    async def _answer_without_session(
        self, visit: Visit, receive: Receive, arguments: dict[str, Any], ended: Acting | None
    ) -> Answer | Stream:
        """Answer whoever was signed in when they asked and is not any more.

        What is remembered of them is wrong, so it is forgotten and the session is looked for anew:
        where one is needed that refuses, as it does for everybody without.
        """
        if ended is not None:
            self._house.workshop.forget_sessions({ended.user_id})
        acting = await self._find_edges(visit, arguments)
        try:
            return await self._hop(visit, receive, arguments, acting)
        except SessionEnded:
            raise Refusal("UNAUTHORIZED") from None

    def _validated(self, visit: Visit, said: Any, query: dict[str, Any]) -> dict[str, Any]:
        arguments: dict[str, Any] = dict(self._services)
        if self.plan.visit:
            arguments[self.plan.visit] = visit
        arguments |= {name: visit.scope["path_params"][name] for name in self.plan.in_path}
        if self.plan.body:
            name, model, optional = self.plan.body
            if not (optional and said is ...):
                arguments[name] = validate(model, said, "body")
        if self.plan.query:
            name, model = self.plan.query
            arguments[name] = (
                validate(model, query, "query")
                if query or self._no_query is None
                else self._no_query
            )
        return arguments

    async def _hop(
        self, visit: Visit, receive: Receive, arguments: dict[str, Any], acting: Acting | None
    ) -> Answer | Stream:
        def deed() -> Answer | Stream:
            return self._perform(visit, arguments, acting)

        if self.declared.hashes:
            return await self._hop_to_hash(visit, receive, acting, deed)
        ask = self._house.pools.ask
        if self.declared.downloads and acting:
            return await self._house.downloads.begin(acting.user_id, lambda: ask(deed))
        return await ask(deed)

    async def _hop_to_hash(
        self,
        visit: Visit,
        receive: Receive,
        acting: Acting | None,
        deed: Callable[[], Answer | Stream],
    ) -> Answer | Stream:
        if acting:
            await self._house.limits.check_hashing(acting.user_id, self.declared.path)
        pools = self._house.pools
        callers = [bucket(visit.client.address), *([str(acting.user_id)] if acting else [])]
        place = visit.client.place = pools.hash_queue.take(*callers)
        job = pools.passwords.submit(deed)
        job.add_done_callback(lambda _: pools.hash_queue.give_back(place))
        watch = asyncio.create_task(_notice_departure(receive, visit))
        try:
            return await in_time(asyncio.wrap_future(job), _HASH_WITHIN)
        finally:
            watch.cancel()

    def _perform(
        self, visit: Visit, arguments: dict[str, Any], acting: Acting | None
    ) -> Answer | Stream:
        if self.plan.db:
            return self._read(arguments, self.plan.db)
        if not self.plan.work:
            return _as_answer(self.declared.handler(**arguments))
        for left in reversed(range(_TRIES)):
            try:
                with Work(self._house.workshop, visit.client, acting) as work:
                    done = self.declared.handler(**arguments, **{self.plan.work: work})
                return _as_answer(done)
            except DatabaseConflict:
                if not left:
                    raise
        raise AssertionError("unreachable")

    def _read(self, arguments: dict[str, Any], db_name: str) -> Answer | Stream:
        def handle(db: Db) -> Answer | Stream:
            return _as_answer(self.declared.handler(**arguments, **{db_name: db}))

        return ask(self._house.workshop.database, handle)


async def _notice_departure(receive: Receive, visit: Visit) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await departure(receive)
        visit.client.gone.set()


def _services_for(declared: Declared, plan: Plan, house: House) -> dict[str, Any]:
    for name, kind in plan.services.items():
        if kind not in house.services:
            raise nothing_provides(declared.handler, name, kind)
    return {name: house.services[kind] for name, kind in plan.services.items()}


def _without_fields(plan: Plan) -> Any:
    """Return what a request without a query asks for, if that is allowed."""
    if plan.query is None:
        return None
    _, model = plan.query
    return None if any(each.is_required() for each in model.model_fields.values()) else model()


def _as_answer(done: Any) -> Answer | Stream:
    return done if isinstance(done, Answer | Stream) else Answer(done)


def _query(visit: Visit) -> dict[str, Any]:
    raw = visit.scope["query_string"]
    if not raw:
        return {}
    try:
        found = parse_qs(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise Refusal("BAD_REQUEST", "The query has too many fields") from None
    return {name: each[0] if len(each) == 1 else each for name, each in found.items()}
