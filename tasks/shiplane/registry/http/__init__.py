"""Requests to a registry: connections, proxies, trust, sessions, tokens, retries."""
