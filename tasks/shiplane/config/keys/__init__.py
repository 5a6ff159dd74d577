"""The tables of the project file, each parsed into what it says."""
