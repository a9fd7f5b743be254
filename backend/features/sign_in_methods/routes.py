"""The HTTP endpoint that tells a page which ways to sign in it can show."""

from backend.features.mail.service import Mailer
from backend.features.sign_in_methods.wire import SignInMethods
from backend.kernel.settings import Settings
from backend.web.responses.responses import Response
from backend.web.routing.routes import Routes

routes = Routes("sign-in methods", about="For a page that signs in.", auth_rules=False)


@routes.get(
    "/api/sign-in-methods",
    response_model=SignInMethods,
    headers={"cache-control": "For a minute: it is the same for everybody."},
)
async def sign_in_methods(settings: Settings, mailer: Mailer) -> Response:
    """Return which ways to sign in this server offers, so that a page shows the right fields.

    Needs no session, and tells nothing about users.
    """
    body = SignInMethods.of(settings, mailer)
    return Response(body, headers={"cache-control": "public, max-age=60"})
