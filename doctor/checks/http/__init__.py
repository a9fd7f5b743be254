"""Reachability, headers, CORS and streaming: what the network and its proxies do."""
