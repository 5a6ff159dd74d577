"""The terms of the OCI specifications as values: names, manifests, indexes."""
