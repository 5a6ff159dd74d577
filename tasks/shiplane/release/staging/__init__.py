"""Images that are built and pushed by digest, without a tag."""
