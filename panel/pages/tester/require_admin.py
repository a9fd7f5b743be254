"""Who may use the Tester. Its requests are not sent as the admin, so it checks the role itself."""

from panel.client.api import ApiError
from panel.services import PageContext


async def require_admin(context: PageContext) -> None:
    """Raise ApiError as the API itself would unless the visitor is an admin.

    A second check behind the guard's: it holds even if a handler is reached without the guard.
    """
    if await context.services.api.find_admin(context.admin.visitor) is None:
        raise ApiError(403, "ADMINS_ONLY")
