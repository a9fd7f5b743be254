"""Messages for requests that cannot be sent or get no response."""

PATH_WITHOUT_SLASH = "The path must start with a slash, such as /api/me."
INVALID_PATH = (
    "The path can have up to 2,000 ASCII characters, without spaces or #. Write other characters "
    "as %XX."
)
INVALID_ORIGIN = "An origin is a scheme and a host, such as https://another-site.example."
INVALID_HEADER = "Write a header as a name and a value in ASCII, such as X-Example: some text."
TIMED_OUT = "The server did not answer within 20 seconds."
FORBIDDEN_HEADER = "The Tester sets {} itself. Cookies come from the selected browser."


def no_response(where: str, error: Exception) -> str:
    """Return the message for a failed connection."""
    return f"No response from {where}: {str(error) or type(error).__name__}."
