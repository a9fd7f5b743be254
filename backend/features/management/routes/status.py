"""HTTP endpoint of the deployment's status, for admins."""

from backend.features.management.status import DeploymentStatus, ProxyState, StatusOut
from backend.features.sessions.dependencies import Administrator
from backend.web.app_context import AppContext
from backend.web.edge.client_address import ClientAddresses
from backend.web.request_context import RequestContext
from backend.web.routing.routes import Routes

routes = Routes(
    "admin",
    prefix="/api/admin",
    about="The status of this deployment, and its lists, audit trail, figures and mails.",
    auth_rules=False,
)


@routes.get("/status", response_model=StatusOut)
def read_status(
    _: Administrator, request: RequestContext, context: AppContext, deployment: DeploymentStatus
) -> StatusOut:
    """Return the status of this deployment: its version, its database and its services."""
    return deployment.read(_describe_proxy(request, context.addresses))


def _describe_proxy(request: RequestContext, addresses: ClientAddresses) -> ProxyState:
    """Describe the way of a request, to help with TRUSTED_PROXIES."""
    peer = (request.scope.get("client") or ("", 0))[0]
    forwarded = request.headers.get(b"x-forwarded-for")
    return ProxyState(
        peer=peer,
        forwarded_for=None if forwarded is None else forwarded.decode("latin-1"),
        believed=request.client.address,
        trusted=addresses.trusts(peer),
    )
