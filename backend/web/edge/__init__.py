"""What every request passes first: client address, origins, CORS, security headers."""
