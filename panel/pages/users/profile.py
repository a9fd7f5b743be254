"""A user's profile, as HTML."""

from collections.abc import Sequence
from datetime import datetime

from panel.pages.users import words
from panel.pages.users.actions import (
    PASSWORD,
    AccountJson,
    FactorsJson,
    PasskeyJson,
    UserJson,
    name_account,
)
from panel.ui import timestamps
from panel.ui.markup import Markup, badge, isolate, pairs


def render_profile(
    user: UserJson,
    accounts: Sequence[AccountJson],
    factors: FactorsJson | None,
    passkeys: Sequence[PasskeyJson],
    now: datetime,
) -> Markup:
    """Return a user's profile."""
    values = [
        Markup("<code>{}</code>").format(user["id"]),
        isolate(user["name"], 300),
        _username(user),
        Markup("{} {}").format(isolate(user["email"], 300), verified_badge(user)),
        user["role"],
        _describe_ways(user, accounts, now),
        _describe_factors(factors, now),
        Markup("<br>").join(_describe_passkey(each, now) for each in passkeys) or words.NO_PASSKEYS,
        timestamps.render_both(user["createdAt"], now),
        timestamps.render_both(user["updatedAt"], now),
        timestamps.render_both(user["lastSignInAt"], now),
        f"{user['activeSessions']:,}",
    ]
    rows = list(zip(words.PROFILE, values, strict=True))
    if user["banned"]:
        end = (
            timestamps.render_both(user["banExpires"], now) if user["banExpires"] else words.NO_END
        )
        reason = isolate(user["banReason"] or words.NO_REASON, 300)
        rows += [(words.BAN_REASON, reason), (words.BAN_END, end)]
    banned = badge(words.IS_BANNED, "bad") if user["banned"] else ""
    return Markup("<div class='card'><h1>{} {}</h1>{}</div>").format(
        isolate(user["name"], 60), banned, pairs(rows)
    )


def _username(user: UserJson) -> Markup | str:
    name, shown = user["username"], user["displayUsername"]
    if name is None:
        return words.NO_USERNAME
    return Markup("<code>{}</code>{}").format(
        name, "" if shown in {None, name} else Markup(" ({})").format(isolate(shown, 100))
    )


def _describe_factors(factors: FactorsJson | None, now: datetime) -> Markup:
    """Return which second factors there are, since when, and what belongs to them."""
    if factors is None:
        return Markup.escape(words.NO_FACTOR)
    kinds = ((factors["app"], words.APP_FACTOR), (factors["mailCodes"], words.MAIL_FACTOR))
    locked = Markup()
    if factors["lockedUntil"]:
        until = timestamps.format_relative(factors["lockedUntil"], now)
        locked = badge(words.LOCKED.format(until), "bad")
    left = words.factors_left(factors["backupCodes"], len(factors["trustedBrowsers"]))
    return Markup("{}, {} {} <span class='soft'>({})</span> {}").format(
        " and ".join(name for there, name in kinds if there),
        words.SET_UP,
        timestamps.format_relative(factors["since"], now) if factors["since"] else "",
        left,
        locked,
    )


def _describe_ways(user: UserJson, accounts: Sequence[AccountJson], now: datetime) -> Markup | str:
    if user.get("isAnonymous"):
        return words.TRIES_THE_APP
    described = Markup("<br>").join(_describe_account(each, now) for each in accounts)
    return described or words.NO_WAY_IN


def _describe_account(account: AccountJson, now: datetime) -> Markup:
    """Return a way in: its provider, what that calls the user, since when, what it may do."""
    if account["providerId"] == PASSWORD:
        return Markup.escape(words.A_PASSWORD)
    parts = [words.SINCE.format(timestamps.format_relative(account["createdAt"], now))]
    if account["scopes"]:
        parts.append(words.ALLOWED.format(" ".join(account["scopes"])))
    gone = Markup() if account["providerName"] else badge(words.NOT_A_PROVIDER, "warn")
    return Markup("{} <code>{}</code> <span class='soft'>({})</span> {}").format(
        isolate(name_account(account), 100),
        isolate(account["accountId"], 300),
        ", ".join(parts),
        gone,
    )


def _describe_passkey(passkey: PasskeyJson, now: datetime) -> Markup:
    """Return a passkey's name, and when it was added and used."""
    added = words.ADDED.format(timestamps.format_relative(passkey["createdAt"], now))
    used = words.NEVER_USED
    if passkey["lastUsedAt"]:
        used = words.LAST_USED.format(timestamps.format_relative(passkey["lastUsedAt"], now))
    parts = [added, used]
    parts += [] if passkey["works"] else [words.NOT_HERE.format(passkey["rpId"])]
    return Markup("{} <span class='soft'>({})</span>").format(
        isolate(passkey["name"] or words.UNNAMED, 100), ", ".join(parts)
    )


def verified_badge(user: UserJson) -> Markup:
    """Return the badge that says whether the address is verified, or that there is none."""
    if user.get("isAnonymous"):
        return badge(words.IS_ANONYMOUS, "warn")
    if user["emailVerified"]:
        return badge(words.IS_VERIFIED, "good")
    return badge(words.IS_UNVERIFIED)
