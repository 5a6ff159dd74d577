"""Set up a project: what its files and the registry show, the configuration that follows from it, and the files."""
