"""HTTP endpoint of the deployment's status, for admins."""

from backend.features.management.status import DeploymentStatus, StatusOut, describe_proxy
from backend.features.sessions.dependencies import Administrator
from backend.web.app_context import AppContext
from backend.web.request_context import RequestContext
from backend.web.routing.routes import Routes

routes = Routes(
    "admin",
    prefix="/api/admin",
    about="This deployment, for admins: its state, its audit trail and figures, its mails.",
    auth_rules=False,
)


@routes.get("/status", response_model=StatusOut)
def read_status(
    _: Administrator, request: RequestContext, context: AppContext, deployment: DeploymentStatus
) -> StatusOut:
    """Tell the version, where the data is and whether it lasts, and the state of all that helps."""
    return deployment.read(describe_proxy(request, context.addresses))
