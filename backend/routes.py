"""The routes of all features, in the order of the docs."""

from backend.features.accounts import routes as accounts
from backend.features.admin.routes import ALL as ADMIN
from backend.features.anonymous import routes as anonymous
from backend.features.audit import routes as audit
from backend.features.docs import routes as docs
from backend.features.email_otp import routes as email_otp
from backend.features.email_verification import routes as email_verification
from backend.features.health import routes as health
from backend.features.landing import routes as landing
from backend.features.magic_link.routes import ALL as MAGIC_LINK
from backend.features.mail import routes as mail
from backend.features.management.routes import ALL as MANAGEMENT
from backend.features.multi_session import routes as multi_session
from backend.features.one_time_token import routes as one_time_token
from backend.features.own_account import routes as own_account
from backend.features.passkeys import routes as passkeys
from backend.features.password_reset import routes as password_reset
from backend.features.pictures import routes as pictures
from backend.features.providers.routes import ALL as PROVIDERS
from backend.features.sessions import routes as sessions
from backend.features.sign_in_methods import routes as sign_in_methods
from backend.features.stream_demo import routes as streaming
from backend.features.two_factor.routes import ALL as TWO_FACTOR
from backend.features.username import routes as username
from backend.kernel.settings import Settings
from backend.web.routing.routes import Routes

FEATURES = [
    accounts.routes,
    username.routes,
    anonymous.routes,
    passkeys.routes,
    *MAGIC_LINK,
    email_otp.routes,
    *PROVIDERS,
    sign_in_methods.routes,
    sessions.routes,
    multi_session.routes,
    one_time_token.routes,
    email_verification.routes,
    password_reset.routes,
    own_account.routes,
    own_account.data_routes,
    pictures.routes,
    *TWO_FACTOR,
    *ADMIN,
    *MANAGEMENT,
    audit.routes,
    mail.routes,
    health.routes,
    streaming.routes,
    landing.routes,
    docs.routes,
]


def list_enabled(settings: Settings) -> list[Routes]:
    """List the routes of the features that the settings switch on."""
    return [feature for feature in FEATURES if feature.enabled(settings)]
