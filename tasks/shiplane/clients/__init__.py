"""One module for each outside system: the registry, credentials, buildx, the engine, git, the file system."""
