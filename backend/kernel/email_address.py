"""Which e-mail addresses are accepted, and the form in which they are stored."""

import re

MAX_LENGTH = 254  # RFC 5321 through erratum 1690

# Better Auth's rule: ASCII only, so that no two addresses look alike yet differ (CVE-2019-19844).
_ADDRESS = re.compile(
    r"(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]"
    r"@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}"
)


def is_email_address(text: str) -> bool:
    """Tell whether Better Auth accepts this address; nothing is trimmed."""
    return len(text) <= MAX_LENGTH and _ADDRESS.fullmatch(text) is not None


def normalize_email(address: str) -> str:
    """Return the address in lower case, as it is stored, compared and mailed to."""
    return address.lower()
