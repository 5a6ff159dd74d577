"""Commands of the project within a release: what runs them, and the checks of a staged image."""
