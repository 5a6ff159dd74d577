"""The way back: a version to go back to, moving there, marks."""
