"""Rate limits on calls of the auth endpoints, checked before each call."""

from uuid import UUID

from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import too_many_requests
from backend.limits import rules
from backend.limits.limiter import Limiter
from backend.storage.work import Runtime, Work
from backend.web.app_context import Pools
from backend.web.edge.client_address import bucket
from backend.web.request_context import RequestContext
from backend.web.routing.endpoint import AUTH


class EndpointLimits:
    """Counts calls of endpoints, named by the paths they were declared with."""

    def __init__(self, limiter: Limiter, runtime: Runtime, pools: Pools) -> None:
        self._limiter = limiter
        self._runtime = runtime
        self._strict = runtime.settings.strict
        self._pools = pools

    def is_limited(self, path: str) -> bool:
        """Tell whether calls of this auth endpoint are counted by client address."""
        return self._limiter.enabled and self._rule(path) is not None

    async def check_address(self, request: RequestContext, path: str) -> None:
        """Count a call by its client address, if there is one; refuses with 429 above the limit.

        Only the first refusal of a window is recorded, so that callers cannot fill the audit trail.
        """
        address, rule = bucket(request.client.address), self._rule(path)
        if rule is None or not address:
            return
        exceeded = await self._limiter.count_async(rule, address, path)
        if exceeded is None:
            return
        if exceeded.first:
            await self._pools.run(lambda: self._record(request, path))
        raise too_many_requests(exceeded.retry_after)

    async def check_hashing(self, user_id: UUID, path: str) -> None:
        """Count a call that costs a hash by its user; refuses with 429 above the limit."""
        if self._strict:
            is_admins = path.startswith(AUTH + "/admin/")
            rule = rules.HASHES_FOR_OTHERS if is_admins else rules.HASHES
            await self._limiter.check(rule, str(user_id), path)

    def _rule(self, path: str) -> rules.Rule | None:
        return rules.auth_rule(path.removeprefix(AUTH), strict=self._strict)

    def _record(self, request: RequestContext, path: str) -> None:
        with Work(self._runtime, request.client) as work:
            work.keep(Event(EventKind.RATE_LIMITED, detail={"path": path}))
