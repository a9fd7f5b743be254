"""The ways in of a user, as an admin sees and removes them."""

from backend.features.accounts.ways_in import remove_way_in
from backend.features.admin.permissions import UPDATE_USERS, authorise_for_user
from backend.features.mail.service import Mailer
from backend.features.sessions.cache import CurrentSession
from backend.kernel.refusals import Refusal
from backend.storage.work import Work

_BY_ADMIN = "An administrator decided that your account can no longer be opened with {}."


def unlink_as_admin(
    work: Work, mailer: Mailer, current: CurrentSession, user_id: str, account_id: str
) -> None:
    """Remove a user's account at a provider, and mail them a notice; the last way in stays.

    Not the password, which has an endpoint of its own. Sessions stay: an admin who doubts who has
    signed in can end them.
    """
    user = authorise_for_user(work, current, user_id, UPDATE_USERS)
    if account_id == str(user.id):  # how the password is listed
        raise Refusal("ACCOUNT_NOT_FOUND")
    remove_way_in(work, mailer, user, account_id, notice=_BY_ADMIN, actor=current.user.id)
