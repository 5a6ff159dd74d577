"""What a project's own workflows of GitHub Actions publish so far."""
