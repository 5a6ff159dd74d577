"""An OCI registry: its names and manifests, and the client that reads and writes them."""
