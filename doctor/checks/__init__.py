"""The checks, in the order in which they are made: what others rest on comes first."""

from doctor.checks import mail, operations
from doctor.checks.abuse import address, enumeration, limits
from doctor.checks.accounts import (
    account,
    clock,
    cookies,
    protection,
    provider_pages,
    providers,
    second_factor,
    ways_in,
)
from doctor.checks.frontend import app
from doctor.checks.http import headers, origins, passing_on, reach, streaming

CHECKS = (
    *reach.CHECKS,
    *passing_on.CHECKS,
    *headers.CHECKS,
    *account.CHECKS,
    *cookies.CHECKS,
    *clock.CHECKS,
    *account.SESSIONS,
    *address.CHECKS,
    *account.SIGNED_OUT,
    *protection.CHECKS,
    *origins.CHECKS,
    *streaming.CHECKS,
    *limits.CHECKS,
    *enumeration.CHECKS,
    *app.CHECKS,
    *operations.CHECKS,
    *mail.CHECKS,
    *second_factor.CHECKS,
    *ways_in.CHECKS,
    *providers.CHECKS,
    *provider_pages.CHECKS,
)
