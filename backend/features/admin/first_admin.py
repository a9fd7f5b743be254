"""Creating the first admin: from the settings at start, or for the owner of the Space.

Whoever owns a Space at Hugging Face signs in there and needs no password here. Only while there is
no admin: once there is one, admins alone make others (ASVS 8.2.1).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from backend.features.accounts.session_issuer import ProviderIdentity, SignInAttempt
from backend.kernel.email_address import is_email_address, normalize_email
from backend.kernel.events import Event, EventKind
from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.passwords.rules import PasswordRules
from backend.kernel.refusals import Refusal
from backend.kernel.roles import ADMIN
from backend.kernel.settings import Settings, SettingsError
from backend.storage.postgres.advisory_locks import FIRST_ADMIN, take_advisory_lock
from backend.storage.queries import users
from backend.storage.queries.users import User
from backend.storage.work import Work

NAME = "Admin"


class CreatedBy(StrEnum):
    """How an admin came to be. The audit trail records these names, so they never change."""

    SETTINGS = "settings"
    COMMAND = "command"
    SETUP_LINK = "set-up link"
    SPACE_CREATOR = "space creator"
    ORGANIZATION_ADMIN = "organization admin"
    ADMIN_EMAIL = "address in ADMIN_EMAIL"


def ensure_first_admin(work: Work, hasher: PasswordHasher, rules: PasswordRules) -> None:
    """Create the admin that the settings name, unless the address is taken; changes no account."""
    address, password = work.settings.admin_email, work.settings.admin_password
    if not address:
        return
    email = normalize_email(address)
    if not is_email_address(email):
        raise SettingsError(f"ADMIN_EMAIL: {address!r} is not an e-mail address")
    if password is None or users.email_exists(work.db, email):
        return
    try:
        rules.check_new(password, email, NAME)
    except Refusal as refusal:
        raise SettingsError(f"ADMIN_PASSWORD: {refusal.message}") from None
    password_hash = work.run_outside_transaction(hasher.hash, password)
    add_admin(work, email, NAME, password_hash, CreatedBy.SETTINGS)  # unless a replica was faster


def add_admin(work: Work, email: str, name: str, password_hash: str, how: CreatedBy) -> bool:
    """Create an admin, verified, under an address in its normal form; False if it is taken."""
    now = work.now()
    admin = User(work.new_id(), email, name, now, now, email_verified=True, role=ADMIN)
    added = users.insert(work.db, admin, password_hash)
    if added:
        work.record(_build_event(admin, how))
    return added


def admit_first_admin(work: Work, attempt: SignInAttempt) -> None:
    """Make an admin of the Space's owner who signs in with Hugging Face, while there is none.

    A gate that lets everybody pass, before those that ask what role somebody has.
    """
    how = find_claim(work.settings, attempt.identity)
    user = attempt.user
    if how is None or user.is_banned(work.now()) or not user.email_verified:
        return
    if users.admin_exists(work.db):
        return
    if not lock_first_admin(work):  # somebody else has just become it
        return
    changed = users.update_profile(work.db, user.id, {"role": ADMIN}, work.now())
    if changed is not None:
        attempt.user = changed
        work.record(_build_event(changed, how))


def lock_first_admin(work: Work) -> bool:
    """Tell whether there is still no admin; nobody else becomes the first until the commit."""
    take_advisory_lock(work.db, FIRST_ADMIN)
    return not users.admin_exists(work.db)


def is_awaited(work: Work, identity: ProviderIdentity | None) -> bool:
    """Tell whether somebody would become the first admin; they may sign up without SIGN_UP."""
    return find_claim(work.settings, identity) is not None and not users.admin_exists(work.db)


def find_claim(settings: Settings, identity: ProviderIdentity | None) -> CreatedBy | None:
    """Return why somebody is the owner of this Space; None if nothing shows that they are.

    Only the client that the Hub made for this Space tells, and only with an address that the Hub
    has verified: anybody may run a provider that names any subject.
    """
    if identity is None or identity.verified_email is None or not _is_hub(settings, identity):
        return None
    if settings.admin_email and identity.verified_email == normalize_email(settings.admin_email):
        return CreatedBy.ADMIN_EMAIL
    if _created_own_space(settings, identity):
        return CreatedBy.SPACE_CREATOR
    if _is_organization_admin(settings.space_owner, identity.claims):
        return CreatedBy.ORGANIZATION_ADMIN
    return None


def _is_hub(settings: Settings, identity: ProviderIdentity) -> bool:
    hub = settings.hub_provider
    return hub is not None and (identity.provider_id, identity.issuer, identity.client_id) == (
        hub.id,
        hub.issuer,
        hub.client_id,
    )


def _created_own_space(settings: Settings, identity: ProviderIdentity) -> bool:
    """Tell whether a person has made this Space, and it still belongs to them.

    The creator alone may have given it to somebody else, or have made it for an organisation; and a
    name alone can pass to another person when its owner takes a new one.
    """
    owner, creator = settings.space_owner, settings.space_creator_user_id
    made_it = bool(creator) and identity.subject == creator
    return made_it and bool(owner) and identity.claims.get("preferred_username") == owner


def _is_organization_admin(owner: str, claims: Mapping[str, Any]) -> bool:
    """Tell whether the Hub names somebody as an admin of this organisation.

    Needs the scope read-memberships. Somebody who has not yet met the organisation's own terms,
    such as its single sign-on or a second factor, is none as long as that lasts.
    """
    listed = claims.get("orgs")
    organizations = (
        [each for each in listed if isinstance(each, Mapping)] if (isinstance(listed, list)) else []
    )
    return bool(owner) and any(
        each.get("preferred_username") == owner
        and each.get("roleInOrg") == "admin"
        and not any(each.get(name) for name in _UNMET)
        for each in organizations
    )


_UNMET = ("pendingSSO", "missingMFA", "securityRestrictions")
"""What the Hub says of an organisation whose terms somebody has not met."""


def _build_event(admin: User, how: CreatedBy) -> Event:
    actor = None if how in {CreatedBy.SETTINGS, CreatedBy.COMMAND} else admin.id
    return Event(EventKind.ADMIN_CREATED, actor, admin.id, {"by": how.value})
