"""Creating admins: from ADMIN_EMAIL and ADMIN_PASSWORD at start, or by a command."""

from backend.kernel.email_address import is_email_address, normalize_email
from backend.kernel.events import Event, EventKind
from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.passwords.rules import PasswordRules
from backend.kernel.refusals import Refusal
from backend.kernel.roles import ADMIN
from backend.kernel.secrets.secret import Password
from backend.kernel.settings import SettingsError
from backend.storage.queries import users
from backend.storage.queries.users import User
from backend.storage.work import Work

_NAME = "Admin"


def ensure_first_admin(work: Work, hasher: PasswordHasher, rules: PasswordRules) -> None:
    """Create the admin that the settings name, unless the address is taken; changes no account."""
    address, password = work.settings.admin_email, work.settings.admin_password
    if not address or password is None:
        return
    email = normalize_email(address)
    if not is_email_address(email):
        raise SettingsError(f"ADMIN_EMAIL: {address!r} is not an e-mail address")
    if users.email_exists(work.db, email):
        return
    try:
        rules.check_new(password, email, _NAME)
    except Refusal as refusal:
        raise SettingsError(f"ADMIN_PASSWORD: {refusal.message}") from None
    add_admin(work, hasher, email, _NAME, password)  # another replica may be faster


def add_admin(
    work: Work, hasher: PasswordHasher, email: str, name: str, password: Password
) -> bool:
    """Create an admin, verified, under an address in its normal form; False if it is taken."""
    password_hash = work.run_outside_transaction(hasher.hash, password)
    now = work.now()
    admin = User(work.new_id(), email, name, now, now, email_verified=True, role=ADMIN)
    added = users.insert(work.db, admin, password_hash)
    if added:
        work.record(Event(EventKind.ADMIN_CREATED, subject=admin.id))
    return added
