"""Who may use the Tester: its requests do not pass through the API as the admin, so it asks."""

from panel.client.api import ApiError
from panel.services import PageContext, Services


async def admins_only(services: Services, context: PageContext) -> None:
    """Let admins through; raises ApiError for anybody else, as the API itself would.

    The guard in front of the panel asks too. This holds where a handler is reached without it.
    """
    if await services.api.owner(context.owner.visitor) is None:
        raise ApiError(403, "ADMINS_ONLY")
