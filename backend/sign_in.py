"""Part of the composition root: what signing in is made of, and in which order it is checked."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache, partial
from typing import Any

from backend.features.accounts.breached_passwords import BreachedPasswords
from backend.features.accounts.passwords import HashCostScan
from backend.features.accounts.service import Accounts
from backend.features.accounts.session_issuer import Gate, Method, SessionIssuer
from backend.features.admin.bans import refuse_banned
from backend.features.admin.first_admin import admit_first_admin, ensure_first_admin, is_awaited
from backend.features.admin.panel_sign_in import refuse_others_in_panel
from backend.features.admin.permissions import before_removal
from backend.features.anonymous.linking import (
    LINKED_METHODS,
    link_account,
    move_picture,
    note_anonymous_user,
)
from backend.features.email_verification.service import mail_at_sign_up, refuse_unverified
from backend.features.links.link_mailer import LinkMailer
from backend.features.providers.registry import Providers
from backend.features.providers.service import ProviderSignIn
from backend.features.providers.sign_out import find_sign_out_url
from backend.features.providers.tokens import TokenVault, build_token_sealer
from backend.features.sessions.provider_sign_out import ProviderSignOut
from backend.features.two_factor.gate import ask_second_factor, challenged_methods
from backend.features.two_factor.service import TwoFactor
from backend.kernel.client import SYSTEM
from backend.kernel.passwords.hasher import MIN_ROUNDS, PasswordHasher
from backend.kernel.passwords.rules import PasswordRules
from backend.kernel.secrets.signing import Keyring
from backend.kernel.secrets.tokens import TokenMint
from backend.kernel.settings import Settings
from backend.limits.limiter import Limiter
from backend.process.hash_pool import HashPool
from backend.storage.clock_check import ClockCheck
from backend.storage.work import Runtime, Work


def build_issuer(
    settings: Settings,
    mint: TokenMint,
    clock_check: ClockCheck,
    link_mailer: LinkMailer,
    second_factors: TwoFactor,
) -> SessionIssuer:
    """Build what issues sessions, with the checks before and the hooks at each."""
    gates = _build_gates(settings, clock_check, link_mailer, second_factors)
    return SessionIssuer(mint, gates, [link_account(on_link_account=[move_picture])])


def _build_gates(
    settings: Settings, clock_check: ClockCheck, link_mailer: LinkMailer, second_factors: TwoFactor
) -> Sequence[Gate]:
    """Return the checks before a session is issued, in order, and the methods they apply to."""
    of_users = frozenset(Method) - {Method.IMPERSONATION}
    as_better_auth = of_users - {Method.PASSKEY, Method.PROVIDER}
    proved = of_users if settings.strict else as_better_auth
    gates = [
        Gate(admit_first_admin, {Method.PROVIDER}),
        Gate(refuse_others_in_panel, {Method.PASSWORD, Method.USERNAME, Method.PROVIDER}),
        Gate(refuse_banned(clock_check)),
        Gate(refuse_unverified(link_mailer), proved),
    ]
    if settings.anonymous_sign_in:
        gates.append(Gate(note_anonymous_user, LINKED_METHODS))
    if settings.two_factor:
        challenged = challenged_methods(strict=settings.strict)
        gates.append(Gate(ask_second_factor(second_factors), challenged))
    return gates


def build_accounts(
    runtime: Runtime,
    issuer: SessionIssuer,
    limiter: Limiter,
    link_mailer: LinkMailer,
    closing: ExitStack,
) -> Accounts:
    settings = runtime.settings
    hasher = PasswordHasher(settings.bcrypt_rounds)
    _test_hash_library()
    rules = PasswordRules.from_settings(settings)
    with Work(runtime, SYSTEM) as work:
        ensure_first_admin(work, hasher, rules)
    breached = BreachedPasswords(settings.breached_passwords_url, runtime.clock)
    closing.callback(breached.close)
    hashes = HashPool(
        hasher,
        threads=settings.hash_threads,
        nice=settings.hash_nice,
        before_check=HashCostScan(runtime.database, hasher).run,
        check_new=breached.check_new,
    )
    closing.callback(hashes.close)
    return Accounts(
        hashes,
        rules,
        limiter,
        issuer,
        link_mailer.link_tokens,
        refuse_unverified(link_mailer),
        on_sign_up=[mail_at_sign_up(link_mailer)],
        before_removal=[before_removal],
    )


def build_providers(
    runtime: Runtime,
    keyring: Keyring,
    issuer: SessionIssuer,
    link_mailer: LinkMailer,
    closing: ExitStack,
) -> dict[type, Any]:
    """Build the services of signing in and out with a provider, by their types."""
    providers = Providers(runtime.settings.providers, runtime.clock)
    closing.callback(providers.close)
    vault = TokenVault(build_token_sealer(keyring))
    hooks = [mail_at_sign_up(link_mailer)]
    mailer, link_tokens = link_mailer.mailer, link_mailer.link_tokens
    services = ProviderSignIn(providers, vault, issuer, mailer, link_tokens, hooks, is_awaited)
    sign_out = ProviderSignOut(partial(find_sign_out_url, providers, vault))
    return {ProviderSignIn: services, ProviderSignOut: sign_out}


@cache  # every application of this process uses the same one
def _test_hash_library() -> None:
    PasswordHasher(MIN_ROUNDS).self_test()
