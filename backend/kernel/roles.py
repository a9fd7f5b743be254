"""The roles a user may hold, and what each of them allows."""

from collections.abc import Iterable, Mapping, Sequence

ADMIN, USER = "admin", "user"

_GRANTED: Mapping[str, Mapping[str, frozenset[str]]] = {
    ADMIN: {
        "user": frozenset(
            (
                "create",
                "list",
                "set-role",
                "ban",
                "impersonate",  # but not "impersonate-admins": nobody may
                "delete",
                "set-password",
                "set-email",
                "set-phone",
                "get",
                "update",
            )
        ),
        "session": frozenset(("list", "revoke", "delete")),
    },
    USER: {},
}
KNOWN = frozenset(_GRANTED)
"""Every role there is; a user may hold several."""


def grants(roles: Iterable[str], asked: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether one of the roles alone allows all that is asked, resource by resource.

    Who asks for nothing is granted nothing, as in Better Auth.
    """
    return any(_grants(_GRANTED.get(role, {}), asked) for role in roles)


def _grants(granted: Mapping[str, frozenset[str]], asked: Mapping[str, Sequence[str]]) -> bool:
    return bool(asked) and all(
        resource in granted and granted[resource].issuperset(actions)
        for resource, actions in asked.items()
    )
