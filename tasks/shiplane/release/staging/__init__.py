"""Images that are built and pushed and have no tag yet."""
