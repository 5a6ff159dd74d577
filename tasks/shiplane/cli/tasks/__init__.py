"""Each task as the command line shows it."""
