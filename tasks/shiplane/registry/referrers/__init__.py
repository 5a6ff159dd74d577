"""What refers to an image: signatures, attestations and other artifacts, in the lists of the OCI specification."""
