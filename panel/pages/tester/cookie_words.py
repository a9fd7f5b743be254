"""What the parts of a Set-Cookie line mean."""

DELETED, SET = "deleted", "set"
PREFIXES = {
    "__Host-": "accepted only over https, for this host alone and the path /",
    "__Secure-": "accepted only over https",
}
HTTP_ONLY = ("HttpOnly", "scripts in a page cannot read it", "scripts in a page can read it")
SECURE = ("Secure", "sent over https only", "sent over plain http too")
SAME_SITE = {
    "strict": "never sent with a request from another site",
    "lax": "sent from another site only when a link to this one is followed",
    "none": "sent with every request, including those from other sites",
}
PARTITIONED = "kept separately for each site that shows this one in a frame"
DOMAIN = "sent to that domain and all its subdomains"
NO_DOMAIN = "sent to this host only, not to its subdomains"
PATH_ROOT, PATH_BELOW = "sent to every path", "sent only to this path and below"
SESSION_COOKIE = "deleted when the browser is closed"
COOKIE_DELETED = "expired: the browser deletes the cookie"

# ---- to be filled in
KEPT = "kept {}, even when the browser is closed"


def dropped(page: str, reasons: list[str]) -> str:
    """Say why a browser would not keep a cookie."""
    return f"A browser on {page} would drop this cookie: {'; '.join(reasons)}."
