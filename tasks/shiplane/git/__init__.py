"""Git: the checkout, the remote, claims, GitHub's API."""
