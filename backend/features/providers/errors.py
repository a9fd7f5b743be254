"""How a sign-in with a provider fails."""


class ProviderError(Exception):
    """The sign-in cannot go on; `code` is what the page is told (Better Auth's names)."""

    def __init__(self, code: str, reason: str, answer: str = "") -> None:
        self.code = code
        self.answer = answer
        """The provider's own code for it, if it has said one."""
        self.reason = reason
        """For the operator; it holds no secret."""
        super().__init__(f"{code}: {reason}")


class ProviderUnavailable(Exception):
    """The provider cannot be reached, or does not answer as one does; says why."""


class NotGranted(ProviderUnavailable):
    """The provider answers that this was not granted to us."""
