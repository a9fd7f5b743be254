"""Private keys that operators paste into a setting."""

import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_PEM = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def parse_p256_key(text: str) -> str:
    """Return a private key for ES256 as PEM; raises ValueError.

    Forms and files for settings often have room for one line only: the lines may be separated by
    spaces or by \\n, and what is around the key may be missing.
    """
    kind, body = "PRIVATE KEY", text.replace("\\n", "\n")
    if match := _PEM.search(body):
        kind, body = match[1], match[2]
    body = re.sub(r"\s", "", body)
    if not _BASE64.fullmatch(body):
        raise ValueError("is not a private key; paste the whole .p8 file, with its first line")
    lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
    pem = f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # torn, another thing, or encrypted
        raise ValueError("cannot be read; paste the whole .p8 file again") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("is a key of another kind; Apple's are for ES256 (the curve P-256)")
    return pem
