"""Setting up a project: what it shows so far, the files that follow from it, and how that is shown."""
