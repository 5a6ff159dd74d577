"""A lane's record of releases, moves and marks, in the registry."""
