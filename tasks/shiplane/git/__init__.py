"""The checkout, the remote, claims, GitHub's API."""
