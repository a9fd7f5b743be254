"""What went wrong at a provider, in sentences: by Better Auth's codes and those of OAuth 2.0."""

_LATE = (
    "This was begun in another browser, or more than five minutes ago, or was finished before. "
    "Begin again."
)
_SETTINGS = "{} refuses the app as it is set up. The Set-up page says what to enter where."
_ODD = "{} gave an answer that cannot be trusted. The server's log has the reason."
_DOWN = "{} does not answer at the moment. Please try again."

_ERRORS = {
    # ---- the person's choice
    "access_denied": "You have cancelled it at {}.",
    "user_cancelled_authorize": "You have cancelled it at {}.",  # Apple's
    "login_required": "{} has not signed you in.",
    "consent_required": "{} has not been allowed to tell who you are.",
    "interaction_required": "{} wanted to ask you something. Begin again.",
    # ---- one browser, once
    "state_not_found": _LATE,
    "state_mismatch": _LATE,
    # ---- whose account it is
    "account_not_linked": (
        "An account here has the same address, but the address is not verified on both sides. "
        "Sign in another way and link {} on the page of your account."
    ),
    "signup_disabled": "No account here belongs to this account at {}.",
    "unable_to_create_user": "No account here belongs to this account at {}.",
    "email_not_found": (
        "{} has not told your address. Allow it to, or add an address there, and begin again."
    ),
    "email_does_not_match": (
        "This account at {} has another address than your account here, or an unverified one."
    ),
    "unable_to_link_account": (
        "This account at {} could not be linked: its address is not verified there, or you have "
        "signed out meanwhile."
    ),
    "account_already_linked_to_different_user": "This account at {} belongs to another user here.",
    "BANNED_USER": "This account is banned.",
    "email_not_verified": "The address of this account is not verified yet. Verify it first.",
    # ---- the provider's answer
    "invalid_callback_request": _ODD,
    "no_code": _ODD,
    "invalid_code": "{} did not confirm the sign-in. The server's log has the reason. Begin again.",
    "unable_to_get_user_info": (
        "{} did not say reliably who you are. The server's log has the reason."
    ),
    "issuer_mismatch": _ODD,
    "issuer_missing": _ODD,
    "temporarily_unavailable": _DOWN,
    "server_error": _DOWN,
    "unavailable": _DOWN,  # the panel's own name for a sign-in that could not even begin
    # ---- the app's registration
    "oauth_provider_not_found": "{} is no longer among this server's providers.",
    "unauthorized_client": _SETTINGS,
    "unsupported_response_type": _SETTINGS,
    "invalid_request": _SETTINGS,
    "invalid_scope": _SETTINGS,
    "redirect_uri_mismatch": _SETTINGS,  # GitHub's
    "application_suspended": _SETTINGS,  # GitHub's
    # ---- the panel's own rule
    "refused": "This account at {} was refused, or does not belong to an administrator.",
}
_OTHER = "{} did not let you through. The server's log has the reason."


def explain_error(code: str, provider: str) -> str:
    """Return a sentence for a code, with the provider's name for people."""
    return _ERRORS.get(code, _OTHER).format(provider)
