"""The checks, in the order in which they are made: what others rest on comes first."""

from doctor.checks import (
    account,
    address,
    clocks,
    cookies,
    enumeration,
    frontend,
    headers,
    limits,
    mail,
    operations,
    origins,
    protection,
    reach,
    streaming,
)

CHECKS = (
    *reach.CHECKS,
    *headers.CHECKS,
    *account.CHECKS,
    *cookies.CHECKS,
    *clocks.CHECKS,
    *account.SESSIONS,
    *address.CHECKS,
    *account.SIGNED_OUT,
    *protection.CHECKS,
    *origins.CHECKS,
    *streaming.CHECKS,
    *limits.CHECKS,
    *enumeration.CHECKS,
    *frontend.CHECKS,
    *operations.CHECKS,
    *mail.CHECKS,
)
