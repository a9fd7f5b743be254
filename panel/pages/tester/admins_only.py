"""Who may use the Tester: its requests do not pass through the API as the admin, so it asks."""

from panel.client.api import ApiRefused
from panel.services import Asked, Tools


async def admins_only(tools: Tools, asked: Asked) -> None:
    """Let admins through; raises ApiRefused for anybody else, as the API itself would.

    The guard in front of the panel asks too. This holds where a handler is reached without it.
    """
    if await tools.api.owner(asked.owner.visitor) is None:
        raise ApiRefused(403, "ADMINS_ONLY")
