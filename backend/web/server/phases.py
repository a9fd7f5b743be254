"""The phases of a connection: between requests, answering, receiving a head or body, closing."""

IDLE, ANSWERING, HEAD, BODY, CLOSING = range(5)
