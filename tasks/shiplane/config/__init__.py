"""The project file: lanes, versions, settings and their sources."""
