"""What people and programs see of a run: results, progress, and the summary in GitHub Actions."""
