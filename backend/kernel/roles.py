"""The roles of users and their permissions."""

from collections.abc import Iterable, Mapping, Sequence

ADMIN, USER = "admin", "user"

_PERMISSIONS: Mapping[str, Mapping[str, frozenset[str]]] = {
    ADMIN: {
        "user": frozenset(
            (
                "create",
                "list",
                "set-role",
                "ban",
                "impersonate",  # never "impersonate-admins"
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
ROLES = frozenset(_PERMISSIONS)
"""All roles; a user may have several."""


def has_permissions(roles: Iterable[str], permissions: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether one of the roles alone grants all these permissions.

    False if there are none, as in Better Auth.
    """
    return any(_role_permits(role, permissions) for role in roles)


def _role_permits(role: str, permissions: Mapping[str, Sequence[str]]) -> bool:
    allowed = _PERMISSIONS.get(role, {})
    return bool(permissions) and all(
        resource in allowed and allowed[resource].issuperset(actions)
        for resource, actions in permissions.items()
    )
