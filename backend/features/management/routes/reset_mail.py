"""HTTP endpoint that mails a user a link for a new password."""

from backend.features.admin.permissions import SET_PASSWORD
from backend.features.links.link_mailer import LinkMailer
from backend.features.management import reset_mail
from backend.features.management.wire import ResetSent, SendReset
from backend.features.sessions.dependencies import Administrator
from backend.storage.work import Work
from backend.web.routing.routes import Routes

routes = Routes("admin", prefix="/api/admin", auth_rules=False)


@routes.post(
    "/send-reset", response_model=ResetSent, refusals=(SET_PASSWORD.refusal, "USER_NOT_FOUND")
)
def send_reset(
    work: Work, link_mailer: LinkMailer, current: Administrator, body: SendReset
) -> ResetSent:
    """Mail a user a link to reset their password."""
    user = reset_mail.send(work, link_mailer, current, body.user_id, body.redirect_to)
    return ResetSent(email=user.email, sends=link_mailer.mailer.sends)
