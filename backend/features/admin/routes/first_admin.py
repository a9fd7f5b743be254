"""The HTTP endpoint behind the link with which the first admin sets the server up."""

from backend.features.accounts.service import Accounts
from backend.features.admin import setup_link
from backend.features.admin.setup_link import NewAdmin, SetupLink
from backend.features.admin.wire import CreateFirstAdmin
from backend.kernel.passwords.rules import NEW_PASSWORD_REFUSALS
from backend.kernel.secrets.secret import SetupToken
from backend.storage.work import Work
from backend.web.routing.routes import Routes
from backend.web.wire import Status

routes = Routes("admin", prefix="/api/admin", enabled=lambda settings: settings.panel)


@routes.post(
    "/first-admin",
    hashes=True,
    refusals=(
        *NEW_PASSWORD_REFUSALS,
        "INVALID_TOKEN",
        "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
    ),
)
def create_first_admin(
    work: Work, accounts: Accounts, link: SetupLink, body: CreateFirstAdmin
) -> Status:
    """Create the first admin with the token of the link that a start prints while there is none.

    It works once, until the server restarts.
    """
    new = NewAdmin(body.email, body.password, body.name)
    setup_link.create_by_link(work, accounts, link, SetupToken(body.token), new)
    return Status(status=True)
