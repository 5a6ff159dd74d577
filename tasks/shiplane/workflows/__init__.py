"""GitHub Actions: the publish workflows that a configuration gives."""
