"""Values that must never be shown by accident."""

from typing import NoReturn


class Secret:
    """A string that hides itself in logs, tracebacks and f-strings; only `reveal` gives it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the hidden value; reviewers look at each call."""
        return self._value

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not serialised")


class Password(Secret):
    """A password as typed."""

    __slots__ = ()


class SessionToken(Secret):
    """The token of a session. Only its digest is stored."""

    __slots__ = ()


class ChallengeToken(Secret):
    """Continues a sign-in with its second step. Only its digest is stored."""

    __slots__ = ()


class BrowserToken(Secret):
    """Shows that a second factor was given in this browser. Only its digest is stored."""

    __slots__ = ()


class OAuthStateToken(Secret):
    """Names a sign-in that is at a provider, and opens what we keep about it."""

    __slots__ = ()


class SetupToken(Secret):
    """Makes the first admin. Only its digest is kept."""

    __slots__ = ()


class PasskeyToken(Secret):
    """Shows that this browser was given a passkey's challenge. Only its digest is stored."""

    __slots__ = ()
