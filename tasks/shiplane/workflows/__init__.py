"""The publish workflows of GitHub Actions."""
