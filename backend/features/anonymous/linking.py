"""An anonymous user becomes the user who signs in or up in the same browser.

What belonged to the first moves to the second, by hooks that `main.py` lists; then the first is
deleted. Better Auth calls this linking, and the hook onLinkAccount.
"""

from collections.abc import Callable, Sequence

from backend.features.accounts.removal import erase_user
from backend.features.accounts.session_issuer import Method, SignInAttempt, SignInHook
from backend.features.anonymous.service import find_anonymous_user
from backend.kernel.events import Event, EventKind
from backend.storage.queries import pictures, users
from backend.storage.queries.users import User
from backend.storage.work import Work

LINKED_METHODS = frozenset(Method) - {Method.IMPERSONATION, Method.ANONYMOUS}
"""Signing in in these ways shows who somebody is."""

LinkAccountHook = Callable[[Work, User, User], None]
"""Called with an anonymous user and the one they become, to move what belongs to the first."""


def note_anonymous_user(work: Work, attempt: SignInAttempt) -> None:
    """Note who was signed in anonymously in this browser; a gate that lets everybody pass.

    It stands before the second factor: the challenge keeps who it was, while the browser does not.
    """
    if attempt.anonymous_user_id is None:
        anonymous = find_anonymous_user(work, attempt.presented_tokens)
        attempt.anonymous_user_id = anonymous.id if anonymous else None


def link_account(on_link_account: Sequence[LinkAccountHook]) -> SignInHook:
    """Build the hook that turns the anonymous user into the one who signs in."""

    def hook(work: Work, attempt: SignInAttempt) -> None:
        if attempt.anonymous_user_id is None or attempt.user.is_anonymous:
            return
        for anonymous in users.lock(work.db, [attempt.anonymous_user_id]):
            if not anonymous.is_anonymous or anonymous.is_banned(work.now()):
                continue
            for move in on_link_account:
                move(work, anonymous, attempt.user)
            new_id = attempt.user.id
            erase_user(work, anonymous, Event(EventKind.ANONYMOUS_USER_LINKED, new_id, new_id))
            attempt.user = users.find(work.db, new_id) or attempt.user

    return hook


def move_picture(work: Work, anonymous: User, user: User) -> None:
    """Give the anonymous user's picture to a user who has none."""
    if user.image is not None or anonymous.image is None:
        return
    picture = pictures.find_for_user(work.db, anonymous.id)
    if picture is not None:
        pictures.replace(work.db, user.id, picture)
    users.update_profile(work.db, user.id, {"image": anonymous.image}, work.now())
