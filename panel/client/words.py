"""Why a request cannot be sent, or has no response."""

PATH_WITHOUT_SLASH = "The path must begin with a slash, such as /api/me."
PATH_WITH_ODD_CHARACTERS = (
    "The path may hold at most 2,000 characters, without spaces and #; write what is not ASCII "
    "as %XX."
)
NO_ORIGIN = "A page's origin has a scheme and a host, such as https://another-site.example."
NO_HEADER = "A header has a name and a value, in plain characters: X-Example: some text."
NO_ANSWER_IN_TIME = "The server did not answer within 20 seconds."
HEADER_IS_OURS = "The Tester sets {} itself. Cookies come from the chosen browser."


def no_answer(where: str, error: Exception) -> str:
    """Say that no answer came from this server."""
    return f"No answer came from {where}: {str(error) or type(error).__name__}."
