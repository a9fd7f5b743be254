"""Who may sign in with the panel's form."""

from backend.features.accounts.session_issuer import SignInAttempt
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal
from backend.kernel.roles import ADMIN
from backend.storage.work import Work


def refuse_others_in_panel(work: Work, attempt: SignInAttempt) -> None:
    """Refuse whoever is no admin as if the password were wrong.

    The panel's form has no captcha: it must not tell whose password somebody has guessed, neither
    by its response nor by asking for a second factor. A right password counts as a wrong one here.
    """
    is_first_step = attempt.second_factor is None
    if work.client.is_panel and is_first_step and ADMIN not in attempt.user.roles:
        detail: dict[str, str | int | bool] = {"known": True}
        if attempt.provider_id:
            detail = {"method": attempt.method.value, "provider": attempt.provider_id}
            detail["reason"] = "not_admin"
        work.keep(Event(EventKind.SIGN_IN_FAILED, subject=attempt.user.id, detail=detail))
        raise Refusal("INVALID_EMAIL_OR_PASSWORD")
