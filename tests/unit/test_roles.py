"""The permissions of roles."""

import pytest

from backend.kernel.roles import has_permissions


@pytest.mark.parametrize(
    ("roles", "permissions", "allowed"),
    [
        (["admin"], {"user": ["create", "ban"]}, True),
        (["admin"], {"user": ["create"], "session": ["revoke"]}, True),
        (["admin"], {"user": ["create", "impersonate-admins"]}, False),
        (["admin"], {"user": ["create"], "rocket": ["launch"]}, False),
        (["admin"], {"user": []}, True),
        (["admin"], {}, False),
        (["user"], {"user": ["list"]}, False),
        (["user"], {"user": []}, False),
        (["user", "admin"], {"user": ["list"]}, True),
        (["owner"], {"user": ["list"]}, False),
        ([], {"user": ["list"]}, False),
    ],
)
def test_a_role_allows_what_it_was_granted_and_nothing_else(roles, permissions, allowed):
    assert has_permissions(roles, permissions) is allowed
