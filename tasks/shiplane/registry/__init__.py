"""Names and manifests of OCI, and the client of a registry."""
