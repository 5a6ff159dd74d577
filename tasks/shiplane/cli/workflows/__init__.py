"""The publish workflows of a project: those that the configuration gives, and those that are there."""
