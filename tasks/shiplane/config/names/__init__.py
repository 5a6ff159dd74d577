"""What versions and their tags are called, and that no two names are the same."""
