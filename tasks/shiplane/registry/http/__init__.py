"""HTTP to a registry: connections, proxies, trust, tokens, retries."""
