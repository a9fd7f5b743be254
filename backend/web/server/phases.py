"""What a connection is at: between requests, answering, receiving a head or a body, or closing."""

IDLE, ANSWERING, HEAD, BODY, CLOSING = range(5)
