"""What a project configures: the project file, lanes, versions, settings and where each came from."""
